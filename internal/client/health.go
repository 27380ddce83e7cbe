package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Health is what a server says of itself to anybody.
type Health struct {
	Status   string `json:"status"` // "healthy" or "degraded"
	Version  string `json:"version"`
	Database string `json:"database"`
	Storage  string `json:"storage"`
}

// Health asks how the server is.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var health Health
	err := c.getJSON(ctx, "ask for the health", "/health/", nil, &health)
	return health, err
}

// Ready reports whether the server takes captures now. It asks once.
func (c *Client) Ready(ctx context.Context) (bool, error) {
	const op = "ask whether the server is ready"
	var answer struct {
		Ready bool `json:"ready"`
	}
	_, err := c.once(ctx, request{op: op, method: http.MethodGet, path: "/health/ready"}, func(res *http.Response) error {
		text, err := readBounded(res.Body, maxProblem)
		if err == nil && json.Unmarshal(text, &answer) != nil {
			err = c.stranger()
		}
		return err
	})
	if a, ok := errors.AsType[*AnswerError](err); ok && a.Status == http.StatusServiceUnavailable {
		return false, nil
	}
	return answer.Ready, err
}
