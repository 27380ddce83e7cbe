package cli

import "github.com/jarvis-memory/jarvis/internal/api"

// apiVersion is the version of the interface in the generated document, which does
// not change with every build.
const apiVersion = "1"

// openapiCmd prints the document of which docs/openapi.yaml is made.
type openapiCmd struct{}

// Run prints the OpenAPI document.
func (openapiCmd) Run(a *app) error { return api.WriteDocument(a.out, apiVersion) }
