// The page of a search.
import { watchConnection } from "../base/notices.js";

watchConnection();
