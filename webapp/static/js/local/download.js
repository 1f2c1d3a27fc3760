// The file of a model: fetched with progress, and compared with its digest.

import { LocalFault } from "./faults.js";

/**
 * @param {{file: string, bytes: number, sha256: string}} description
 * @param {(share: number) => void} onShare Told how much of it is here, 0..1.
 * @returns {Promise<Uint8Array>}
 */
export async function download({ file, bytes, sha256 }, onShare) {
  const content = await fetched(file, bytes, onShare);
  if ((await digest(content)) !== sha256) {
    throw new LocalFault("The model arrived damaged. Reload the page to fetch it again.");
  }
  return content;
}

async function fetched(file, bytes, onShare) {
  const content = new Uint8Array(bytes);
  let length = 0;
  try {
    const response = await fetch(file);
    if (!response.ok) {
      throw new LocalFault(`The model cannot be fetched: the server says ${response.status}.`);
    }
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) {
        return content.subarray(0, length);
      }
      content.set(value, length);
      length += value.length;
      onShare(length / bytes);
    }
  } catch (error) {
    // Also of a RangeError: there is more of it than there should be.
    throw error instanceof LocalFault ? error : new LocalFault("The model could not be fetched.");
  }
}

async function digest(content) {
  const hash = await crypto.subtle.digest("SHA-256", content);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
