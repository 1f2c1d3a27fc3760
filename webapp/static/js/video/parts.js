// Parts of a page, put in anew as the server has them now.

/** Fetches a page of ours, and returns it as a document. */
export async function fetchPage(address, signal) {
  const answer = await fetch(address, { signal });
  if (!answer.ok) {
    throw new Error(`${answer.status}`);
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Takes over the parts that a page marks with `data-part`: all of them, or those of some names. */
export function takeParts(page, names = null) {
  for (const part of page.querySelectorAll("[data-part]")) {
    if (names === null || names.includes(part.dataset.part)) {
      document
        .querySelector(`[data-part="${part.dataset.part}"]`)
        .replaceChildren(...part.childNodes);
    }
  }
}
