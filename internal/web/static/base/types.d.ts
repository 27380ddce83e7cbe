// The types that the pages' scripts share, for the checker only: no browser loads
// this file. A time is a number, microseconds since 1970, and is called at, from, to.

/** Microseconds since 1970, UTC: whole, and below 2^53 until the year 2255. */
type Micros = number;

/** A capture as the API tells of it: jarvis.Capture. */
interface Capture {
  id: string;
  timestamp: string; // RFC 3339, UTC, to the microsecond
  monitor_index: number;
  width: number;
  height: number;
  file_size: number;
  created_at: string;
  device: string;
  app_name: string;
  window_title: string;
  url: string;
  pinned: boolean;
  recovered?: boolean;
  ocr_text?: string | null;
}

/** One monitor's minutes: see jarvis.Lane. */
interface LaneData {
  device: string;
  monitor: number;
  minutes: string; // base64: three bytes a minute
}

interface HoleData {
  device: string;
  from: Micros;
  to: Micros;
  state: number; // jarvis.HoleState
}

/** jarvis.Timeline, its times as numbers. */
interface TimelineData {
  from: Micros;
  to: Micros;
  apps: string[];
  lanes: LaneData[];
  holes: HoleData[];
}

/** jarvis.Timeline as GET /api/timeline answers. */
interface TimelineAnswer {
  from: string;
  to: string;
  apps: string[] | null;
  lanes: LaneData[] | null;
  holes: { device: string; from: string; to: string; state: number }[] | null;
}

/** What a page knows when it arrives. */
interface PageData {
  zone: string; // IANA name
  day: string; // YYYY-MM-DD
  from: Micros; // the day's bounds in the zone
  to: Micros;
  now: Micros;
  zoom: string; // "hour", "day", "week", or a number of seconds
  at: Micros; // the playhead
  off: Micros; // how far the capture is from what was asked for; 0 when it is what was asked for
  previous: string | null; // the nearest days that have captures
  next: string | null;
  timeline: TimelineData;
  capture: Capture | null;
  device: string;
  monitor: number;
  own: boolean; // the person said that this is their own computer
  secure: boolean; // HTTPS, or the same computer
  version: string;
  highlight: string; // the query whose hits are shown; empty for none
}

/** A problem document, RFC 9457. */
interface ProblemData {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
}

interface Tile {
  url: string;
  x: number; // of the tile within the sheet
  y: number;
  width: number;
  height: number;
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Window {
  /** For tests: what is mounted, and what was counted. */
  jarvis: {
    moment?: any;
    timeline?: any;
    stats: Record<string, number>;
    [name: string]: any;
  };
}
