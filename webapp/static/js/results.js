// The page of a detector's result; without scripts it shows and does the same by reloading.

import "./viewer.js";
import "./lighting.js";
import "./sharing.js";
import { watchFilter } from "./filter.js";
import { watchExplanations } from "./occlusion.js";
import { placeTags } from "./tags.js";

const drawing = document.querySelector(".boxes");

watchFilter(document.querySelector("[data-filter]"));
watchExplanations();
new ResizeObserver(() => placeTags(drawing)).observe(drawing); // the first time at once
document.fonts.ready.then(() => placeTags(drawing)); // letters may have become wider
