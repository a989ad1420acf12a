package main

import (
	"context"
	"fmt"
	"net"
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
		Long: "Run the web UI alone. Requests below /api go to the API that --api names, so that browsers need to\n" +
			"reach nothing else. That API should have this process in TRUSTED_PROXIES, to count requests by the\n" +
			"addresses of the browsers.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
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
	srv := server(withBodies(handler), logger)
	var listener net.Listener
	return a.runServices(ctx, c, []service{{
		name: "the web UI",
		open: func(ctx context.Context) (err error) {
			listener, err = listen(ctx, c.Host, c.WebPort, "WEB_PORT")
			return err
		},
		run: func(context.Context) error { return serveHTTP(srv, listener) },
		stop: func(deadline context.Context) error {
			logger.Info("stopping")
			return srv.Shutdown(deadline)
		},
	}}, func(ctx context.Context) error {
		a.announce(logger, address(listener), target.String())
		return untilStopped(ctx)
	})
}
