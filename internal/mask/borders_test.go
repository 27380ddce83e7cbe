package mask_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMasker_MaskText_Borders: what is just a secret, and what is just none.
func TestMasker_MaskText_Borders(t *testing.T) {
	m := masker(t)
	r := rand.New(rand.NewPCG(1, 3))
	visa := card(r, "4", 16)
	grouped := group(visa, " ", 4)
	wrong := visa[:15] + string('0'+(visa[15]-'0'+1)%10)
	account := iban(r, "DE", strings.Repeat("n", 18))
	bad := account[:21] + string('0'+(account[21]-'0'+1)%10)
	key := pem(r, "RSA PRIVATE KEY", 4, true).text
	lines := strings.Split(key, "\n")
	token := "gh" + "p_" + "a7Kq2" + pick(r, alnum, 31)
	for name, c := range map[string]struct{ text, want string }{
		"Card":           {visa, "[card number]"},
		"CardAndCode":    {"pay " + grouped + " 12/29 123", "pay [card number] 12/29 123"},
		"CardCodeBehind": {grouped + " 123", "[card number] 123"},
		"TwoCards":       {grouped + " " + grouped, "[card number] [card number]"},
		"CardChecksum":   {wrong, wrong},
		"CardMisread":    {"Visa " + group(wrong, " ", 4), "Visa [card number]"},
		"CardLetters":    {strings.ReplaceAll(visa, "0", "O"), "[card number]"},
		"CardLineBreak":  {"card: " + grouped[:9] + "\n" + grouped[10:], "card: [card number]"},
		"CardInRow":      {"1204 " + grouped + " 7711", "1204 " + grouped + " 7711"},
		"CardInWord":     {"x" + visa, "x" + visa},
		"CardDecimal":    {"0." + visa, "0." + visa},
		"CardInUUID":     {visa[:8] + "-" + visa[8:12] + "-" + visa[12:] + "-1234-123456789012", visa[:8] + "-" + visa[8:12] + "-" + visa[12:] + "-1234-123456789012"},
		"Article":        {card(r, "40", 13), ""},

		"Account":          {"to " + account + ".", "to [IBAN]."},
		"AccountGroups":    {"to " + group(account, " ", 4) + " now", "to [IBAN] now"},
		"AccountSmall":     {strings.ToLower(account), "[IBAN]"},
		"AccountLineBreak": {group(account, " ", 4)[:14] + "\n" + group(account, " ", 4)[15:], "[IBAN]"},
		"AccountChecksum":  {bad, bad},
		"AccountMisread":   {group(bad, " ", 4), "[IBAN]"},
		"AccountLonger":    {account + "12", account + "12"},

		"Key":          {"a\n" + key + "\nb", "a\n[private key]\nb"},
		"KeyCut":       {strings.Join(lines[:4], "\n"), "[private key]"},
		"KeyTail":      {strings.Join(lines[3:], "\n") + "\n$ ", "[private key]\n$ "},
		"KeySpokenOf":  {"It begins with " + lines[0] + " and a line of base64.", ""},
		"KeyPublic":    {strings.ReplaceAll(key, "RSA PRIVATE", "PUBLIC"), ""},
		"KeyEncrypted": {lines[0] + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n" + strings.Join(lines[1:], "\n"), "[private key]"},
		"KeyPuTTY":     {"Private-Lines: 4\n" + strings.Join(lines[1:4], "\n") + "\nPrivate-MAC: x", "[private key]\nPrivate-MAC: x"},

		"Token":        {"(" + token + ")", "([GitHub token])"},
		"TokenBlank":   {token[:20] + " " + token[20:] + " is it", "[GitHub token] is it"},
		"TokenTorn":    {token[:20] + " q " + token[20:] + " is it", "[GitHub token] is it"},
		"TokenLine":    {"export X=" + token[:24] + "\n" + token[24:] + "\n$ ls", "export X=[GitHub token]\n$ ls"},
		"TokenInWord":  {"x" + token, "x[GitHub token]"},
		"TokenSample":  {"gh" + "p_" + strings.Repeat("x", 36), ""},
		"TokenEarlier": {"[GitHub token] and [card number]", ""},
		"Bearer":       {"Authorization: Bearer a1" + token[4:], "Authorization: Bearer [access token]"},
		"Password":     {`api_key = "` + token[4:30] + `"`, `api_key = "[secret]"`},
		"Rule":         {"use " + "glp" + "at-" + token[4:24] + ", now", "use [gitlab pat], now"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.text
			}
			if got, _ := m.MaskText(c.text); got != c.want {
				t.Errorf("%q\nbecame %q,\nnot    %q", c.text, got, c.want)
			}
		})
	}
}
