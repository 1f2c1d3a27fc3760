// What is wrong with a picked file, before it is sent; the server checks the same again.

const EXTENSIONS = /\.(jpe?g|png)$/i;

/** Title and sentence of what is wrong with a file, in the server's words; null if nothing is. */
export function faultOf(file, { bytesMax, limit }) {
  if (!EXTENSIONS.test(file.name)) {
    return ["Not a picture file", `“${file.name}” is not a .jpg, .jpeg or .png file.`];
  }
  if (file.size === 0) {
    return ["Empty file", `“${file.name}” is empty.`];
  }
  if (file.size > bytesMax) {
    return ["File too large", `“${file.name}” is larger than ${limit}.`];
  }
  return null;
}

/** A number of bytes as people read it. */
export function sizeOf(bytes) {
  if (bytes < 1000) {
    return `${bytes} bytes`;
  }
  if (bytes < 1e6) {
    return `${Math.round(bytes / 1000)} kB`;
  }
  return `${(bytes / 1e6).toFixed(1).replace(/\.0$/, "")} MB`;
}

/** Puts files into a file field, in place of what is there. */
export function setFiles(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) {
    transfer.items.add(file);
  }
  input.files = transfer.files;
}
