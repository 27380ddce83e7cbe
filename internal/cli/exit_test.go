package cli

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// constants returns the values of the constants in a Go file whose names begin
// with prefix, so that a test sees also those that are added later.
func constants(t *testing.T, file, prefix string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			found[spec.Names[0].Name] = literal.Value
		}
		return true
	})
	if len(found) == 0 {
		t.Fatalf("%s has no constant %s...", file, prefix)
	}
	return found
}

func TestExitMeanings(t *testing.T) {
	var documented []int
	for _, m := range exitMeanings() {
		documented = append(documented, m.status)
		if m.meaning == "" {
			t.Errorf("exit status %d has no meaning", m.status)
		}
	}
	if !slices.IsSorted(documented) || len(slices.Compact(slices.Clone(documented))) != len(documented) {
		t.Errorf("the table is not in order, or names a status twice: %v", documented)
	}
	for name, value := range constants(t, "exit.go", "exit") {
		status, err := strconv.Atoi(value)
		if err != nil || !slices.Contains(documented, status) {
			t.Errorf("%s = %s is not in the table", name, value)
		}
	}
}

func TestExitStatus(t *testing.T) {
	want := map[string]int{
		"CodeInvalid": 2, "CodeTooLarge": 2, "CodeNotFound": 3, "CodeDeleted": 3, "CodeUnavailable": 5,
		"CodeNoSpace": 6, "CodeMismatch": 7, "CodeCorrupt": 8, "CodeConflict": 9, "CodeLocked": 10, "CodeInternal": 1,
		"CodeNoCredential": 11, "CodeForbidden": 11, "CodeBusy": 5, "CodeTimeout": 5,
	}
	for name, value := range constants(t, "../../error.go", "Code") {
		code, err := strconv.Unquote(value)
		if err != nil {
			t.Fatal(err)
		}
		status, ok := want[name]
		if !ok {
			t.Errorf("%s is a code without a documented exit status", name)
		}
		failure := fmt.Errorf("while testing: %w", &jarvis.Error{Code: jarvis.Code(code), Message: "x"})
		if got := exitStatus(failure); got != status {
			t.Errorf("%s: exit status %d, want %d", name, got, status)
		}
	}
}

func TestExitStatus_Others(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("unforeseen"), 1},
		{jarvis.WrapError(jarvis.CodeUnavailable, "op", "message", context.Canceled), 130},
		{fmt.Errorf("print: %w", errClosedPipe), 141},
		{fmt.Errorf("print: %w", syscall.EPIPE), 141},
		{errors.Join(&statusError{4, "2 of 3 failed"}, nil), 4},
	} {
		if got := exitStatus(test.err); got != test.want {
			t.Errorf("%v: exit status %d, want %d", test.err, got, test.want)
		}
	}
}
