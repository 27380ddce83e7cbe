package access

import "container/list"

// recent is a map that forgets what was not asked for longest when it holds more
// than its limit. It is not for concurrent use.
type recent[K comparable, V any] struct {
	limit int
	order *list.List // of entry[K, V]; the one asked for last in front
	at    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, order: list.New(), at: make(map[K]*list.Element)}
}

func (r *recent[K, V]) get(key K) (value V, ok bool) {
	element, ok := r.at[key]
	if !ok {
		return value, false
	}
	r.order.MoveToFront(element)
	e, ok := element.Value.(entry[K, V])
	return e.value, ok
}

func (r *recent[K, V]) put(key K, value V) {
	r.drop(key)
	r.at[key] = r.order.PushFront(entry[K, V]{key, value})
	if r.order.Len() <= r.limit {
		return
	}
	if e, ok := r.order.Back().Value.(entry[K, V]); ok {
		r.drop(e.key)
	}
}

func (r *recent[K, V]) drop(key K) {
	if element, ok := r.at[key]; ok {
		r.order.Remove(element)
		delete(r.at, key)
	}
}
