package archive

import "context"

func (a *Archive) bind(ctx context.Context) error { return nil }

func (a *Archive) finishDeletes(ctx context.Context) error { return nil }
