// The view of a day.
import { watchConnection } from "../base/notices.js";

watchConnection();
document.documentElement.dataset.ready = "1";
