package journey

import (
	"context"
	"encoding/base64"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// intercept answers requests whose address matches with a status, until restored. The
// status 0 breaks the connection.
func (p *page) intercept(match string, status int) (restore func()) {
	p.Helper()
	pattern := regexp.MustCompile(match)
	p.call("Fetch.enable", object{"patterns": []object{{"urlPattern": "*"}}})
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-p.paused:
				method, params := "Fetch.continueRequest", object{"requestId": e.RequestID}
				switch {
				case !pattern.MatchString(e.Request.URL):
				case status == 0:
					method, params = "Fetch.failRequest", object{"requestId": e.RequestID, "errorReason": "ConnectionReset"}
				default:
					method = "Fetch.fulfillRequest"
					params["responseCode"] = status
					params["body"] = base64.StdEncoding.EncodeToString([]byte(`{"title":"broken","status":500}`))
				}
				// A request that the page gave up meanwhile is no failure.
				if err := p.target.Call(ctx, method, params, nil); err != nil && ctx.Err() == nil {
					p.Logf("%s: %v", method, err)
				}
			}
		}
	}()
	return func() {
		p.Helper()
		p.call("Fetch.disable", object{})
		cancel()
		<-done
	}
}

// offline cuts the network off, or gives it back.
func (p *page) offline(on bool) {
	p.Helper()
	p.call("Network.emulateNetworkConditions", object{"offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
}

// TestBrokenImage: an image that cannot be had keeps its slot and says why, and
// stepping goes on.
func TestBrokenImage(t *testing.T) {
	for _, broken := range []struct {
		name   string
		status int
	}{{"missing", 404}, {"failing", 500}} {
		t.Run(broken.name, func(t *testing.T) {
			p := browse(t, laptop)
			p.expect("status 404")
			p.expect("status 500")
			device, monitor, all := p.busiest()
			p.visitMoment(all[2].Timestamp, device.Name, monitor)
			p.settled()
			far := all[min(len(all)-3, 60)]
			restore := p.intercept("/api/captures/"+far.ID+"/(fit|image)", broken.status)
			p.do(`jarvis.moment.go({id: %s}, {jump: true})`, far.ID)
			p.wait("why there is no picture", `document.querySelector("#frame .card") && document.querySelector("#caption").dataset.capture === %s`, far.ID)
			p.sound("broken")
			if text := value[string](p, `document.querySelector("#frame .card").innerText`); len(text) < 20 {
				p.Errorf("the card says only %q", text)
			}
			p.press(kb.ArrowRight)
			p.shows(all[min(len(all)-3, 60)+1].ID)
			p.wait("no card any more", `!document.querySelector("#frame .card:not([hidden])")`)
			restore()
			p.sound("after")
		})
	}
}

// TestConnectionLost: the page says so, in mid-scrub, and recovers by itself.
func TestConnectionLost(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		p.expect("net::ERR_INTERNET_DISCONNECTED")
		device, monitor, all := p.busiest()
		start := p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
		scrubber := p.boxOf("#scrubber")
		path := between(point{value[float64](p, `jarvis.scrubber.x(jarvis.moment.current.at)`), scrubber.at(0, 0.7).Y}, scrubber.at(0.3, 0.7), 8)
		p.grab(0, path...)
		p.offline(true)
		more := between(path[len(path)-1], scrubber.at(0.85, 0.7), 10)
		for _, at := range more {
			if p.look.touch {
				p.touch("touchMove", at)
			} else {
				p.mouse("mouseMoved", at, object{"button": "left", "buttons": 1})
			}
			p.drawn()
		}
		p.release(0, more[len(more)-1])
		p.do(`jarvis.moment.go({id: %s}, {jump: true})?.catch?.(() => {})`, all[len(all)-1].ID)
		p.wait("a word about the connection", `/connection|offline|reach/i.test(document.querySelector(".banner, [role=alert], .message, #notices")?.innerText ?? "")`)
		p.sound("lost")
		p.offline(false)
		p.wait("no word about it any more", `![...document.querySelectorAll(".banner")].some(e => !e.hidden && /connection|offline|reach/i.test(e.innerText))`)
		p.do(`jarvis.moment.go({id: %s}, {jump: true})`, start.ID)
		p.shows(start.ID)
		p.sound("back")
	})
}

// TestSlow: on a slow network nothing tears and the last wish wins.
func TestSlow(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.do(follow)
	p.call("Network.emulateNetworkConditions", object{"offline": false, "latency": 150, "downloadThroughput": 500_000, "uploadThroughput": 100_000})
	last := min(12, len(all)-1)
	for range last {
		p.press(kb.ArrowRight)
	}
	p.shows(all[last].ID)
	for _, torn := range value[[]string](p, "seen.torn") {
		p.Errorf("a change of several parts: %s", torn)
	}
	p.do(`jarvis.moment.go({id: %s}, {jump: true}); jarvis.moment.go({id: %s}, {jump: true})`, all[len(all)-1].ID, all[len(all)/2].ID)
	p.shows(all[len(all)/2].ID)
	p.sound("slow")
}
