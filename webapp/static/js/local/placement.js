// Where a picture lies on the canvas that a model looks at.

/**
 * Where to draw a picture; "fit" fills the canvas from the top left corner until one side is full, as
 * the model's letterbox on the server does, "stretch" fills it.
 *
 * @param {{width: number, height: number}} picture In pixels, at least 1.
 * @param {{width: number, height: number, method: "fit"|"stretch"}} canvas
 * @returns {{width: number, height: number}} What of the canvas the picture covers, in pixels.
 */
export function extent(picture, { width, height, method }) {
  if (method === "stretch") {
    return { width, height };
  }
  const scale = Math.min(width / picture.width, height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * A box in fractions of the canvas as one in fractions of the picture, cut off at its borders.
 *
 * @param {number[]} yxyx [top, left, bottom, right], as models answer.
 * @returns {number[]} [left, top, right, bottom]
 */
export function boxOnPicture([top, left, bottom, right], covered, canvas) {
  const x = canvas.width / covered.width;
  const y = canvas.height / covered.height;
  return [left * x, top * y, right * x, bottom * y].map((side) => Math.min(Math.max(side, 0), 1));
}
