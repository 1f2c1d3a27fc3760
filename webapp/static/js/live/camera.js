// The camera: opening one, choosing between several, and what to say where there is none.

const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** A camera cannot be used; what to tell the person in front of it. */
export class CameraFault extends Error {
  constructor(title, message) {
    super(message);
    this.title = title;
  }
}

const REFUSED = [
  "The camera was refused",
  "Allow it for this site, beside the address above or in the browser's settings, and start again. Or send a picture instead.",
];
const IN_USE = [
  "The camera is in use",
  "Another program has it, or it does not start. Close the other one and start again, choose another camera, or send a picture instead.",
];
const FAULTS = new Map([
  ["NotAllowedError", REFUSED],
  ["SecurityError", REFUSED],
  ["NotFoundError", ["No camera was found", "Connect one and start again, or send a picture instead."]],
  ["NotReadableError", IN_USE],
  ["AbortError", IN_USE],
]);
const UNKNOWN = ["The camera does not start", "Start again, or send a picture instead."];

/** What a browser's error means to a person. */
export function faultOf(error) {
  return new CameraFault(...(FAULTS.get(error.name) ?? UNKNOWN));
}

/** Why no camera can be used at all in this browser; null where one can. */
export function obstacleOf({ isSecureContext, navigator, location }) {
  if (!isSecureContext) {
    return new CameraFault(
      "This page was not opened safely",
      `Browsers lend the camera to pages on https:// addresses and on localhost only. Open this page as https://${location.host}${location.pathname} if the site has that, on the machine itself as http://localhost, or send a picture instead.`,
    );
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    return new CameraFault(
      "This browser has no way to a camera",
      "Use a current Firefox, Chrome, Edge or Safari, or send a picture instead.",
    );
  }
  return null;
}

/** Opens a camera, any one where none is named or the named one is gone. */
export async function openCamera(devices, deviceId = "") {
  try {
    return await open(devices, deviceId);
  } catch (error) {
    if (error.name !== "OverconstrainedError") {
      throw faultOf(error);
    }
  }
  return open(devices, "").catch((error) => {
    throw faultOf(error);
  });
}

function open(devices, deviceId) {
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "environment" };
  return devices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
}

/** Turns a camera off. */
export function closeCamera(stream) {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

/** The cameras there are, each with an id and a name. */
export async function listCameras(devices) {
  const all = await devices.enumerateDevices();
  return all
    .filter((device) => device.kind === "videoinput")
    .map((device, index) => ({ id: device.deviceId, name: device.label || `Camera ${index + 1}` }));
}

/** Calls back for every new frame of a video, until the function that it returns is called. */
export function watchFrames(video, onFrame) {
  let isWatching = true;
  let shownS = -1;
  const next = () =>
    video.requestVideoFrameCallback
      ? video.requestVideoFrameCallback(step)
      : requestAnimationFrame(step);
  const step = () => {
    if (!isWatching) {
      return;
    }
    if (video.requestVideoFrameCallback || video.currentTime !== shownS) {
      shownS = video.currentTime;
      onFrame();
    }
    next();
  };
  next();
  return () => {
    isWatching = false;
  };
}
