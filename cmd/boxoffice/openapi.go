package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/httpapi"
)

func (a *app) openapiCommand() *cobra.Command {
	var openAPI string
	cmd := &cobra.Command{
		Use: "openapi", Short: "Print the description of the API (OpenAPI)", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if openAPI != "3.1" && openAPI != "3.0" {
				return fmt.Errorf("--version is %q, and has to be 3.1 or 3.0", openAPI)
			}
			document, err := httpapi.Document(version, openAPI)
			if err != nil {
				return err
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, document, "", "  "); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, indented.String())
			return err
		},
	}
	cmd.Flags().StringVar(&openAPI, "version", "3.1", "of OpenAPI: 3.1, or 3.0 for programs that don't read 3.1")
	return cmd
}
