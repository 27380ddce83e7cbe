// The types of the frame's scripts, for the checker only.

/** What Moment tells when a picture is there: everything redraws by it. */
interface MomentChange {
  capture: Capture;
  image: HTMLImageElement | ImageBitmap;
  highlight?: string;
}

/** What the frame needs of day/moment.js: detail of "change" is a MomentChange, of
 * "broken" {capture, reason}, of "scrub" {at, device, monitor}. */
interface FrameMoment extends EventTarget {
  highlight?: string;
  current: { capture: Capture | null; image?: HTMLImageElement | ImageBitmap | null };
  go(to: { id: string } | { at: Micros; device?: string; monitor?: number }, options?: { jump?: boolean }): unknown;
  step(count: number): unknown;
  peek?(direction: 1 | -1): Promise<Capture | null>;
}

/** What the frame uses of day/data.js. */
interface FrameTimeline extends EventTarget {
  drawTile?(canvas: CanvasRenderingContext2D, at: Micros, device: string, monitor: number, span: Micros, shape?: { width: number; height: number }): boolean;
  holeAt?(device: string, at: Micros): { state: number } | null;
  reload?(from: Micros, to: Micros): unknown;
  drop?(): void;
}

/** One hit of a query in a text: bytes [start, end), and its boxes. */
interface Hit {
  start: number;
  end: number;
  boxes: Rect[];
}

interface TextWord {
  text: string;
  start: number;
  end: number;
  box: Rect;
  confidence: number;
  masked: boolean;
}

/** GET /api/captures/{id}/text. */
interface CaptureTextData {
  id: string;
  state: "waiting" | "read" | "failed";
  reason: string;
  text: string | null;
  language: string;
  engine: string;
  masked: number;
  read_at: string | null;
  words: TextWord[];
  hits?: Hit[];
}

/** What stands in the frame instead of a picture. */
interface FrameCard {
  kind: "gap" | "error";
  title: string;
  text: string;
  icon?: string;
  actions?: { label: string; run: () => void }[];
}

/** The part of the picture that is seen: how large, and where its corner is in the stage. */
interface FrameView {
  scale: number;
  x: number;
  y: number;
}

/** What mountViewer returns. */
interface FrameViewer extends EventTarget {
  element: HTMLElement; // #frame
  stage: HTMLElement; // what is seen of the picture
  content: HTMLElement; // the picture and its layers, as large as the picture has pixels
  tools: HTMLElement; // the buttons below the picture
  zoom: number; // 1 is a pixel of the picture on a pixel of the screen
  fitted: boolean;
  readonly view: FrameView | null; // null where all of it is seen
  pannable: boolean;
  textAt: ((clientX: number, clientY: number) => boolean) | null; // set by the text layer
  fit(): void;
  show(view: FrameView | null): void;
  reveal(box: Rect): void;
  zoomTo(zoom: number, clientX?: number, clientY?: number): void;
  toPicture(clientX: number, clientY: number): { x: number; y: number };
  showCard(card: FrameCard): () => void;
  fullScreen(): Promise<void>;
}
