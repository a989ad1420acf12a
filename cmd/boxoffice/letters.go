package main

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
)

// resetLink leads to the page on which a password is chosen. What stands after # is in no log of a
// server or a proxy.
func resetLink(c config.Config, token string) string {
	return c.FrontendOrigin[0] + "/reset-password#token=" + token
}

// deliver takes letters to users. There is no mail yet: in development the log has the link, which
// would let its readers sign in as anybody in production.
func (p *parts) deliver(_ context.Context, letter account.Letter) error {
	if p.config.Production() {
		p.logger.Warn("a user has forgotten the password, and no mail is sent; " +
			"`boxoffice user reset-password " + letter.To.ID.String() + " --link` makes a link for them")
		return nil
	}
	p.logger.Info("a user has forgotten the password", "user", letter.To.ID, "link", resetLink(p.config, letter.Token))
	return nil
}

// announceFirstOrganizer tells who starts a new system how somebody gets to schedule events.
func (a *app) announceFirstOrganizer(ctx context.Context, p *parts) {
	if !p.config.Production() {
		return
	}
	organizers, err := p.accounts.List(ctx, account.Organizer)
	if err != nil {
		p.logger.Warn("could not look for organizers", "error", err)
		return
	}
	if len(organizers) > 0 {
		return
	}
	_, err = fmt.Fprint(a.out, "  There is no organizer yet, who can schedule events. To make the first one:\n\n"+
		"    boxoffice user create you@example.com --name \"Your Name\" --role organizer\n\n")
	if err != nil {
		p.logger.Warn("could not print how to make an organizer", "error", err)
	}
}
