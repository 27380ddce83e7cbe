package vault

// redacted is what a secret prints as.
const redacted = "[redacted]"

// A hidden value is behind a function: fmt prints the fields of a struct that
// it may not call methods on, and follows pointers there when the verb is a
// wrong one, as in Printf("%s", config), but it cannot look into a function.
type hidden[T any] func() T

// hide returns the value behind a function.
func hide[T any](value T) hidden[T] { return func() T { return value } }
