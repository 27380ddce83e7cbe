package blobtest

import (
	"bytes"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
)

func testBound(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	_, err := store.Stage(t.Context(), jarvis.ID{}, im.data)
	wantCode(t, jarvis.CodeInvalid, err, "Stage for the zero id")

	staged := stage(t, store, im.id, im.data)
	foreign := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	wantCode(t, jarvis.CodeInvalid, staged.Publish(t.Context(), foreign), "Publish under the name of another capture")
	put(t, store, image{id: foreign.ID(), name: foreign, data: []byte("foreign")})
	wantCode(t, jarvis.CodeInvalid, staged.Replace(t.Context(), foreign), "Replace of another capture's image")
	wantImage(t, store, image{name: foreign, data: []byte("foreign")})

	if store.Name(im.id, morning, jarvis.JPEG).Sealed() {
		plain := jarvis.NewBlobName(im.id, morning, jarvis.JPEG, false)
		wantCode(t, jarvis.CodeInvalid, staged.Publish(t.Context(), plain), "Publish under a plain name")
		wantCode(t, jarvis.CodeInvalid, staged.Replace(t.Context(), plain), "Replace of a plain name")
	}
	if err := staged.Publish(t.Context(), im.name); err != nil {
		t.Fatalf("Publish after refusals: %v", err)
	}
	wantImage(t, store, im)
}

func testReadStored(t *testing.T, tree Tree) {
	store, other := tree.Open(t), tree.Open(t)
	im := newImage(store, morning, 156<<10)
	put(t, store, im)
	onDisk := tree.ReadFile(t, im.name.String())
	stored, err := other.ReadStored(t.Context(), im.name)
	if err != nil || !bytes.Equal(stored, onDisk) {
		t.Fatalf("ReadStored = %d bytes, %v; want the %d on disk", len(stored), err, len(onDisk))
	}
	plain, err := other.Open(im.name, stored)
	if err != nil || !bytes.Equal(plain, im.data) {
		t.Fatalf("Open = %d bytes, %v; want the %d that were given", len(plain), err, len(im.data))
	}
	if !im.name.Sealed() && !bytes.Equal(stored, im.data) {
		t.Error("the bytes on disk are not those given")
	}

	// An image from a time before the store was sealed, or of a store that is not.
	old := image{name: jarvis.NewBlobName(jarvis.NewRandomID(), morning, jarvis.PNG, false), data: []byte("plain")}
	tree.WriteFile(t, old.name.String(), old.data)
	wantImage(t, store, old)
}

// testOpenDamage is about what is sealed: plain bytes know nothing of damage.
func testOpenDamage(t *testing.T, tree Tree) {
	store := tree.Open(t)
	first, second := newImage(store, morning, 1000), newImage(store, morning, 1000)
	if !first.name.Sealed() {
		// A store without an identity does not take sealed bytes for a picture.
		sealed := jarvis.NewBlobName(jarvis.NewRandomID(), morning, jarvis.JPEG, true)
		tree.WriteFile(t, sealed.String(), []byte("sealed"))
		_, err := store.Read(t.Context(), sealed)
		wantCode(t, jarvis.CodeLocked, err, "Read of what is sealed")
		stored, err := store.ReadStored(t.Context(), sealed)
		if err != nil || string(stored) != "sealed" {
			t.Errorf("ReadStored = %q, %v", stored, err)
		}
		return
	}
	put(t, store, first)
	put(t, store, second)
	a, b := tree.ReadFile(t, first.name.String()), tree.ReadFile(t, second.name.String())
	flipped := bytes.Clone(a)
	flipped[len(flipped)/2] ^= 1
	for what, onDisk := range map[string][]byte{
		"of another capture": b, "with a flipped bit": flipped, "cut short": a[:len(a)-1],
		"that is empty": nil, "that is not sealed": first.data,
	} {
		tree.WriteFile(t, first.name.String(), onDisk)
		data, err := store.Read(t.Context(), first.name)
		wantCode(t, jarvis.CodeCorrupt, err, "Read of an image "+what)
		if data != nil {
			t.Errorf("an image %s gave %d bytes", what, len(data))
		}
		if stored, err := store.ReadStored(t.Context(), first.name); err != nil || !bytes.Equal(stored, onDisk) {
			t.Errorf("ReadStored of an image %s = %d bytes, %v; want the bytes on disk", what, len(stored), err)
		}
	}
	tree.WriteFile(t, first.name.String(), a)
	wantImage(t, store, first)
}
