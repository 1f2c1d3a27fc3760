// Pictures drawn into a canvas: the content security policy allows no blob: address.

/** Draws a picture file, scaled to fit; says whether it could be read as a picture. */
export async function drawPreview(canvas, file, sideMax) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, sideMax / Math.max(bitmap.width, bitmap.height));
    canvas.width = Math.max(1, bitmap.width * scale);
    canvas.height = Math.max(1, bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return true;
  } catch {
    return false; // whether it is a picture after all is for the server to say
  }
}
