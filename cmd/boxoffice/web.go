package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/web"
)

func (a *app) webCommand() *cobra.Command {
	var apiURL string
	cmd := &cobra.Command{
		Use: "web", Short: "Run the web UI alone, for an API in another process", Args: cobra.NoArgs,
		Long: "Run the web UI alone. Requests below /api go to the API that --api names, so that browsers need to reach nothing else.\n" +
			"That API should have this process in TRUSTED_PROXIES, to count requests by the addresses of the people who make them.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(a.flags)
			if err != nil {
				return err
			}
			if apiURL == "" {
				apiURL = c.APIURL
			}
			target, err := url.Parse(apiURL)
			if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
				return fmt.Errorf("--api: %q is not an address such as http://localhost:3001", apiURL)
			}
			return a.web(cmd.Context(), c, target)
		},
	}
	cmd.Flags().StringVar(&apiURL, "api", "", "address of the API (default: NEXT_PUBLIC_API_URL)")
	return cmd
}

func (a *app) web(ctx context.Context, c config.Config, target *url.URL) error {
	logger := a.logger(c)
	trusted := make([]netip.Prefix, len(c.TrustedProxies))
	for i, network := range c.TrustedProxies {
		trusted[i] = netip.MustParsePrefix(network) // which the configuration has made sure of
	}
	handler, err := web.Handler(web.Proxy(target, trusted, logger), logger)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, c.Host, c.WebPort, "WEB_PORT")
	if err != nil {
		return err
	}
	srv := server(handler, logger)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	if _, err := fmt.Fprintf(a.out, "\n  Boxoffice is ready\n\n    Web  %s\n    API  %s\n\n", address(listener), target); err != nil {
		logger.Warn("could not print the addresses", "error", err)
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	logger.Info("stopping")
	deadline, cancel := untilStopped(ctx, c)
	defer cancel()
	err = srv.Shutdown(deadline)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
