package config

import (
	"slices"
	"testing"
)

func TestMisspelt(t *testing.T) {
	for variable, meant := range map[string]string{
		"JARVIS_PASPHRASE_FILE": "JARVIS_PASSPHRASE_FILE",
		"JARVIS_PASPHRASE":      "JARVIS_PASSPHRASE",
		"JARVIS_IDENTITYFILE":   "JARVIS_IDENTITY_FILE",
		"JARVIS_data_dir":       "JARVIS_DATA_DIR",
		"Jarvis_Config":         "JARVIS_CONFIG",
		"JARVIS_SEALED":         "", // two letters of four
		"JARVIS_DATA_DIR":       "",
		"JARVIS_TZ_FILE":        "",
		"JARVIS_CONFIG":         "",
		"JARVIS_TEST_SERVER":    "",
		"JARVIS_":               "",
		"OTHER_DATA_DIR":        "",
	} {
		var want []string
		if meant != "" {
			want = []string{variable + " is no setting, and was passed over: did you mean " + meant + "?"}
		}
		if got := Misspelt([]string{"HOME=/root", variable + "=value"}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", variable, got, want)
		}
	}
	if got := Misspelt([]string{"JARVIS_DATADIR="}); len(got) > 0 {
		t.Errorf("without a value: %q", got)
	}
}
