package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jarvis-memory/jarvis"
)

type tokensOutput struct{ Body page[*jarvis.Token] }

func (s *Server) listTokens(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
	tokens, err := s.o.Guard.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	return &tokensOutput{page[*jarvis.Token]{Items: append([]*jarvis.Token{}, tokens...)}}, nil
}

type makeTokenInput struct {
	Body struct {
		Name  string       `json:"name" maxLength:"255" doc:"Of the device, or of the program that gets the token."`
		Scope jarvis.Scope `json:"scope,omitempty" enum:"upload,read,work,admin" default:"upload"`
	}
}

type makeTokenOutput struct {
	Status int
	Body   struct {
		Name  string       `json:"name"`
		Scope jarvis.Scope `json:"scope"`
		Token string       `json:"token" doc:"Shown this once."`
	}
}

func (s *Server) makeToken(ctx context.Context, in *makeTokenInput) (*makeTokenOutput, error) {
	if err := s.recordNow(ctx, jarvis.ActionToken, 0); err != nil {
		return nil, err
	}
	text, token, err := s.o.Guard.NewToken(ctx, in.Body.Name, in.Body.Scope)
	if err != nil {
		return nil, err
	}
	out := &makeTokenOutput{Status: http.StatusOK}
	out.Body.Name, out.Body.Scope, out.Body.Token = token.Name, token.Scope, text
	return out, nil
}

type tokenInput struct {
	Name string `path:"name" maxLength:"255"`
}

func (s *Server) revokeToken(ctx context.Context, in *tokenInput) (*emptyOutput, error) {
	err := plainText("name", in.Name)
	if err == nil {
		err = s.recordNow(ctx, jarvis.ActionToken, 0)
	}
	if err == nil {
		err = s.o.Guard.Revoke(ctx, in.Name)
	}
	if err != nil {
		return nil, err
	}
	return &emptyOutput{http.StatusNoContent}, nil
}

type sessionsOutput struct{ Body page[*jarvis.Session] }

func (s *Server) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	sessions, err := s.o.Guard.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	return &sessionsOutput{page[*jarvis.Session]{Items: append([]*jarvis.Session{}, sessions...)}}, nil
}

func (s *Server) endSession(ctx context.Context, in *captureInput) (*emptyOutput, error) {
	if err := s.recordNow(ctx, jarvis.ActionSignIn, 0); err != nil {
		return nil, err
	}
	if err := s.o.Guard.End(ctx, in.ID.ID); err != nil {
		return nil, err
	}
	return &emptyOutput{http.StatusNoContent}, nil
}

type linkInput struct{ request *http.Request }

// Resolve implements huma.Resolver.
func (in *linkInput) Resolve(ctx huma.Context) []error {
	in.request, _ = humago.Unwrap(ctx)
	return nil
}

type linkOutput struct {
	Body struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}
}

func (s *Server) makeSignInLink(ctx context.Context, in *linkInput) (*linkOutput, error) {
	if err := s.recordNow(ctx, jarvis.ActionSignIn, 0); err != nil {
		return nil, err
	}
	secret, expires, err := s.o.Guard.NewSignIn(ctx)
	if err != nil {
		return nil, err
	}
	out := new(linkOutput)
	out.Body.URL, out.Body.ExpiresAt = s.address(in.request)+"/sign-in#"+secret, expires
	return out, nil
}

// address returns how a browser reaches the server.
func (s *Server) address(r *http.Request) string {
	if len(s.o.PublicURLs) > 0 {
		return strings.TrimRight(s.o.PublicURLs[0], "/")
	}
	if s.o.Guard.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

type auditInput struct {
	Period
	Who    string `query:"who" maxLength:"320" doc:"Exactly as the log has it."`
	Action string `query:"action" maxLength:"40" enum:"view,search,export,add,delete,pin,sign_in,token,refused"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"100"`
	Cursor string `query:"cursor" maxLength:"4096" doc:"Of the previous page."`
}

type auditOutput struct{ Body page[jarvis.Access] }

func (s *Server) readAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	after, err := parseAccessCursor(in.Cursor)
	if err == nil {
		err = in.check()
	}
	if err == nil {
		err = plainText("who", in.Who)
	}
	if err == nil {
		err = s.o.Guard.Flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	limit := min(in.Limit+1, jarvis.MaxPage)
	lines, err := s.o.Catalog.FindAccess(ctx, jarvis.AccessFilter{
		From: in.From.Time, To: in.To.Time, Who: in.Who, Action: jarvis.Action(in.Action), After: after, Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	out := &auditOutput{page[jarvis.Access]{Items: append([]jarvis.Access{}, lines...)}}
	if len(lines) > in.Limit || len(lines) == jarvis.MaxPage {
		out.Body.Items = out.Body.Items[:in.Limit]
		out.Body.Next, err = cursorOf(&out.Body.Items[in.Limit-1])
	}
	return out, err
}
