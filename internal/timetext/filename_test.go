package timetext

import (
	"testing"
	"time"
)

func TestFromFileName(t *testing.T) {
	const moment = "2026-01-24T19:39:09Z" // 20:39:09 in Berlin
	for name, want := range map[string]string{
		// GNOME and its kin, in the languages they speak
		"Screenshot from 2026-01-24 20-39-09.png":                             moment,
		"Screenshot from 2026-01-24 20-39-09-1.png":                           moment,
		"Screenshot from 2026-01-24 20-39-09-12.png":                          moment,
		"Screenshot at 2026-01-24 20:39:09.png":                               moment,
		"Bildschirmfoto vom 2026-01-24 20-39-09.png":                          moment,
		"Capture d’écran du 2026-01-24 20-39-09.png":                          moment,
		"Captura de pantalla de 2026-01-24 20-39-09.png":                      moment,
		"Снимок экрана от 2026-01-24 20-39-09.png":                            moment,
		"/home/a/Pictures/2025-12-31/Screenshot from 2026-01-24 20-39-09.png": moment,
		// KDE Spectacle
		"Screenshot_20260124_203909.png":   moment,
		"Screenshot_20260124_203909-1.png": moment,
		// macOS
		"Screenshot 2026-01-24 at 8.39.09\u202fPM.png":         moment,
		"Screenshot 2026-01-24 at 8.39.09 PM.png":              moment,
		"Screenshot 2026-01-24 at 8.39.09\u202fPM (2).png":     moment,
		"Screenshot 2026-01-24 at 8.39.09 AM.png":              "2026-01-24T07:39:09Z",
		"Screenshot 2026-01-24 at 12.39.09\u202fAM.png":        "2026-01-23T23:39:09Z",
		"Screenshot 2026-01-24 at 12.39.09 p.m..png":           "2026-01-24T11:39:09Z",
		"Screenshot 2026-01-24 at 8.39.09\u202fPM":             moment,
		"Screenshot 2026-01-24 at 20.39.09 (2).png":            moment,
		"Screenshot 2026-01-24 at 20.39.09.png":                moment,
		"Screen Shot 2026-01-24 at 8.39.09 PM.png":             moment,
		"Bildschirmfoto 2026-01-24 um 20.39.09.png":            moment,
		"Capture d’écran 2026-01-24 à 20.39.09.png":            moment,
		"Captura de pantalla 2026-01-24 a la(s) 20.39.09.png":  moment,
		"Schermata 2026-01-24 alle 20.39.09.png":               moment,
		"スクリーンショット 2026-01-24 20.39.09.png":                    moment,
		"スクリーンショット 2026-01-24 午後8.39.09.png":                   moment,
		"截屏2026-01-24 下午8.39.09.png":                           moment,
		"截屏2026-01-24 上午8.39.09.png":                           "2026-01-24T07:39:09Z",
		"스크린샷 2026-01-24 오후 8.39.09.png":                       moment,
		"스크린샷 2026-01-24 \u110b\u1169\u1112\u116e 8.39.09.png": moment,
		"CleanShot 2026-01-24 at 20.39.09@2x.png":              moment,
		// Windows
		"Screenshot 2026-01-24 203909.png":                     moment,
		"Annotation 2026-01-24 203909.png":                     moment,
		`C:\Users\a\Pictures\Screenshot 2026-01-24 203909.png`: moment,
		"Editor 24_01_2026 20_39_09.png":                       moment,
		"Editor 1_24_2026 8_39_09 PM.png":                      moment,
		"Editor 24.01.2026 20_39_09.png":                       moment,
		"Editor 03.04.2026 20_39_09.png":                       "2026-04-03T18:39:09Z",
		"Editor 04_04_2026 20_39_09.png":                       "2026-04-04T18:39:09Z",
		"Desktop 2026.01.24 - 20.39.09.12.png":                 "2026-01-24T19:39:09.12Z",
		"2026-01-24 20_39_09-Editor.png":                       moment,
		// Wayland and X tools
		"2026-01-24-203909_1920x1080_scrot.png":           moment,
		"2026-01-24-203909_hyprshot.png":                  moment,
		"20260124_20h39m09s_grim.png":                     moment,
		"2026-01-24_20-39.png":                            "2026-01-24T19:39:00Z",
		"2026-01-24_20-39_1.png":                          "2026-01-24T19:39:00Z",
		"2026-01-24T20:39:09.123Z.png":                    "2026-01-24T20:39:09.123Z",
		"2026-01-24T20:39:09,123456789+01:00.png":         "2026-01-24T19:39:09.123456Z",
		"2026-01-24T20_39_09+01_00.png":                   moment,
		"2026-01-24T20-39-09-0100.png":                    "2026-01-24T21:39:09Z",
		"20260124T193909Z.png":                            moment,
		"swappy-20260124_203909.png":                      moment,
		"ksnip_20260124-203909.png":                       moment,
		"DeepinScreenshot_select-area_20260124203909.png": moment,
		"Screenshot_2026-01-24_20-39-09.png":              moment,
		"vlcsnap-2026-01-24-20h39m09s123.png":             "2026-01-24T19:39:09.123Z",
		"2026-01-24_20.39.09.png":                         moment,
		"730_20260124203909_1.png":                        moment,
		// telephones and messengers
		"Screenshot_20260124-203909_Chrome.png":                     moment,
		"Screenshot_20260124-203909.png":                            moment,
		"Screenshot_2026-01-24-20-39-09-123_com.android.chrome.jpg": "2026-01-24T19:39:09.123Z",
		"PXL_20260124_203909123.jpg":                                "2026-01-24T19:39:09.123Z",
		"IMG20260124203909.jpg":                                     moment,
		"20260124203909123.jpg":                                     "2026-01-24T19:39:09.123Z",
		"WhatsApp Image 2026-01-24 at 20.39.09 (1).jpeg":            moment,
		"photo_2026-01-24_20-39-09.jpg":                             moment,
		"signal-2026-01-24-20-39-09-123.jpg":                        "2026-01-24T19:39:09.123Z",
		"signal-2026-01-24-203909.jpeg":                             moment,
		// seconds and milliseconds since 1970
		"1769283549.png":     moment,
		"1769283549123.webp": "2026-01-24T19:39:09.123Z",
		// summer time, the hour that came twice, the hour that never came
		"Screenshot from 2026-07-24 20-39-09.png": "2026-07-24T18:39:09Z",
		"Screenshot from 2026-10-25 02-30-00.png": "2026-10-25T00:30:00Z",
		"Screenshot from 2026-03-29 02-30-00.png": "2026-03-29T01:30:00Z",
		// the first date with a time of day counts
		"2026-02-30 10-00-00 taken 2026-01-24 20-39-09.png":            moment,
		"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00 2026-01-24 20-39-09.png": moment,
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := FromFileName(name, zone(t, "Europe/Berlin"))
			if !ok || !got.Equal(at(t, want)) || got.Location() != time.UTC {
				t.Errorf("FromFileName = %v, %t; want %s", got, ok, want)
			}
		})
	}
}

func TestFromFileName_NoTime(t *testing.T) {
	for _, name := range []string{
		"",
		".",
		"/",
		".png",
		"screenshot.png",
		"Screenshot (12).png",
		"Screenshot_1.png",
		"IMG_1234.HEIC",
		// a day is no moment
		"2026-01-24.png",
		"Screenshot 2026-01-24 (2).png",
		"IMG-20260124-WA0001.jpg",
		"wp_ss_20260124_0001.png",
		"SCR-20260124-ucsm.png",
		"2026-01-24-1920x1080.png",
		"2026-01-24_1920x1080.png",
		"2026-01-24 invoice 10.30.png",
		"2026-01-24 10.30.png",
		"Screenshot 2026/01/24/20-39-09.png",
		// no such date or time of day
		"Screenshot from 2026-02-30 20-39-09.png",
		"Screenshot from 2026-13-01 20-39-09.png",
		"Screenshot from 2026-01-24 24-39-09.png",
		"Screenshot from 2026-01-24 20-60-09.png",
		"Screenshot from 2026-01-24 203999.png",
		"Screenshot from 1926-01-24 20-39-09.png",
		"Screenshot from 9999-01-24 20-39-09.png",
		// day and month could be either
		"Editor 03_04_2026 20_39_09.png",
		"Editor 3_4_2026 8_39_09 PM.png",
		"Editor 01.24.2026 20_39_09.png",
		// other digits
		"+4915112345678.png",
		"2125551234.png",
		"0123456789.png",
		"9999999999.png",
		"1000000000.png", // 2001
		"4006381333931.png",
		"17692835491234.png",
		"1769283549-1.png",
		"20260124203909123456.png",
		"120260124203909.png",
		"IMG120260124203909.png",
		"a20260124203909.png",
		"d41d8cd98f00b20420260124203909ecf8427e.png",
		"20260124203909ecf8427e.png",
		"20260124-2039-4090-8f2a-5b6c7d8e9f00.png",
		"20260124-abcd-abcd-abcd-203909123abc.png",
		"20260124-abcd-abcd-abcd-203909123456.png",
		"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg",
		"1920x1080.png",
		"192.168.10.24.20.39.09.png",
		"v2026.01.24.png",
		"２０２６-０１-２４ ２０-３９-０９.png",
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := FromFileName(name, time.UTC); ok {
				t.Errorf("FromFileName = %v, want none", got)
			}
		})
	}
}
