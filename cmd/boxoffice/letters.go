package main

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
)

// linkTo leads to the page on which a password is chosen or an address is confirmed. What stands
// after # is in no log of a server or a proxy.
func linkTo(c config.Config, purpose account.Purpose, token string) string {
	page := "/reset-password"
	if purpose == account.VerifyPurpose {
		page = "/verify-email"
	}
	return c.FrontendOrigin[0] + page + "#token=" + token
}

// deliver takes letters to users: it queues mails, where they are sent. Where they are not, the log of
// development has the link, which would let its readers sign in as anybody in production.
func (p *parts) deliver(_ context.Context, letter account.Letter) error {
	if p.mails != nil {
		return p.mails.queue(letter)
	}
	if letter.Token == "" {
		return nil // it only tells
	}
	if !p.config.Production() {
		p.logger.Info("a letter with a link", "user", letter.User.ID, "purpose", letter.Purpose,
			"link", linkTo(p.config, letter.Purpose, letter.Token))
		return nil
	}
	command := "boxoffice user reset-password " + letter.User.ID.String() + " --link"
	if letter.Purpose == account.VerifyPurpose {
		command = "boxoffice user verify " + letter.User.ID.String()
	}
	p.logger.Warn("a user waits for a link, and no mail is sent", "purpose", letter.Purpose, "command", command)
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
