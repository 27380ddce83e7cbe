package mask_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ordinary are documents of about 2 KB in which nothing is secret.
type document struct{ name, text string }

// written returns what this project wrote: its texts, its code, its settings, the
// hashes of its modules.
func written(t testing.TB) []document {
	t.Helper()
	var all []document
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == ".git" || name == "bin" || d.Name() == "testdata" || d.Name() == "mask" {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".md", ".go", ".sql", ".yml", ".yaml", ".sh", ".mod", ".sum":
		default:
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		const size = 2048
		for text := string(b); text != ""; {
			n := len(text)
			if n > size {
				n = strings.LastIndexByte(text[:size], '\n') + 1
			}
			if n == 0 {
				n = size
			}
			all = append(all, document{name, text[:n]})
			text = text[n:]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// invented returns n documents of lines as desktops show them, full of numbers.
func invented(seed uint64, n int) []document {
	r := rand.New(rand.NewPCG(seed, 7))
	number := func(digitsOf int) string { return pick(r, "123456789", 1) + pick(r, digits, digitsOf-1) }
	uuid := func() string {
		s := pick(r, hexa, 32)
		return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-a" + s[17:20] + "-" + s[20:]
	}
	when := func() time.Time {
		return time.Unix(1700000000+r.Int64N(100000000), r.Int64N(1e9)).UTC()
	}
	price := func() string { return fmt.Sprintf("%d,%03d.%02d", r.IntN(99)+1, r.IntN(1000), r.IntN(100)) }
	numbers := func(columns, digitsOf int) string {
		row := make([]string, columns)
		for i := range row {
			row[i] = number(digitsOf)
		}
		return strings.Join(row, " ")
	}
	lines := map[string]func() string{
		"log": func() string {
			return fmt.Sprintf("%s INFO server request id=%s took=%d.%03dms bytes=%s status=200", when().Format(time.RFC3339Nano), uuid(), r.IntN(900), r.IntN(1000), number(6))
		},
		"phone": func() string {
			return fmt.Sprintf("Call +49 %s %s or (0%s) %s-%s, fax +1 (%s) %s-%s", number(3), number(7), number(3), number(4), number(2), number(3), number(3), number(4))
		},
		"order": func() string {
			return fmt.Sprintf("Order #%s-%s-%s shipped, tracking 1Z%s, invoice 2026-%s, customer %s", number(3), number(7), number(7), pick(r, digits+upper, 16), number(5), number(10))
		},
		"git": func() string {
			return pick(r, hexa, 40) + " " + pick(r, hexa, 7) + " fix the order of rows (#" + number(4) + ")"
		},
		"epoch": func() string {
			return fmt.Sprintf("%d %d %d %d", when().Unix(), when().UnixMilli(), when().UnixMicro(), when().UnixNano())
		},
		"price": func() string {
			return fmt.Sprintf("%s EUR  %s USD  %d.%02d %%  %s kg", price(), price(), r.IntN(100), r.IntN(100), number(3))
		},
		"table":   func() string { return numbers(8, 4) },
		"pixels":  func() string { return numbers(9, 3) + " " + numbers(3, 2) + " " + numbers(7, 3) },
		"columns": func() string { return numbers(3, 6) + " " + numbers(2, 5) },
		"article": func() string {
			return "EAN 4" + pick(r, digits, 12) + " ISBN 978-3-" + number(5) + "-" + number(3) + "-" + number(1) + " SKU " + pick(r, upper, 3) + number(6)
		},
		"network": func() string {
			return fmt.Sprintf("eth0 192.168.%d.%d/24 fe80::%s:%s:%s ether %s:%s:%s:%s:%s:%s", r.IntN(255), r.IntN(255), pick(r, hexa, 4), pick(r, hexa, 4), pick(r, hexa, 4),
				pick(r, hexa, 2), pick(r, hexa, 2), pick(r, hexa, 2), pick(r, hexa, 2), pick(r, hexa, 2), pick(r, hexa, 2))
		},
		"digest": func() string { return "sha256:" + pick(r, hexa, 64) + "  layer-" + number(2) + ".tar" },
		"lock":   func() string { return `"integrity": "sha512-` + pick(r, base64s, 86) + `==",` },
		"public": func() string { return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + pick(r, base64s, 43) + " user@host" },
		"place": func() string {
			return fmt.Sprintf("%d.%s, %d.%s elevation %s m", r.IntN(90), number(14), r.IntN(180), number(14), number(4))
		},
		"snowflake": func() string {
			return "https://social.example.com/status/1" + pick(r, digits, 18) + "?s=20 channel 9" + pick(r, digits, 17)
		},
		"hexdump": func() string {
			return fmt.Sprintf("%s  %s %s %s %s  |................|", pick(r, hexa, 8), pick(r, hexa, 4), pick(r, hexa, 4), pick(r, hexa, 4), pick(r, hexa, 4))
		},
		"video": func() string {
			return "https://video.example.com/watch?v=" + pick(r, word, 11) + "&list=PL" + pick(r, word, 32) + "&t=" + number(3) + "s"
		},
		"tax": func() string {
			return "VAT DE" + number(9) + ", tax number " + number(3) + "/" + number(4) + "/" + number(4) + ", HRB " + number(6)
		},
		"meeting": func() string {
			return "Join https://meet.example.com/j/" + number(11) + "?pwd=, meeting " + number(3) + " " + number(4) + " " + number(4) + ", dial " + number(9) + "#"
		},
		"code": func() string {
			return fmt.Sprintf("const k%s = 0x%s; // see issue %s, line %s", pick(r, upper+lower, 6), pick(r, hexa, 16), number(4), number(3))
		},
		"prose": func() string {
			return "The meeting of the group was moved to Monday the " + number(2) + "th, room " + number(3) + ", because of the works in building " + number(1) + "."
		},
	}
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	// A map has no order, and the documents are to be the same each time.
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			if names[j] < names[i] {
				names[i], names[j] = names[j], names[i]
			}
		}
	}
	var all []document
	for i := range n {
		name := names[i%len(names)]
		var b strings.Builder
		for b.Len() < 2048 {
			if r.IntN(3) == 0 { // a screen shows more than one thing
				b.WriteString(lines["prose"]() + "\n")
			}
			b.WriteString(lines[name]() + "\n")
		}
		all = append(all, document{name, b.String()})
	}
	return all
}
