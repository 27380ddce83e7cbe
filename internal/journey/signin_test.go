package journey

import "testing"

func TestHarness(t *testing.T) {
	home := t.TempDir()
	shared.chromium.start(t)
	s, err := serve(home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	for _, l := range usual {
		t.Run(l.name, func(t *testing.T) {
			p := open(t, s, l)
			p.signIn()
			p.sound("in")
		})
	}
}
