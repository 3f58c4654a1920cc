// Microphone, camera, screen and speaker, and in plain words why one of them is not there.

import { $, make } from "./dom.js";

const CLEAN = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const LISTEN_ONLY = "You can listen and write; the agent cannot hear you.";

/** What to tell a person when a device cannot be had. */
export function explain(error, what = "microphone") {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    return [
      "This page was opened over an insecure address",
      `Browsers give a ${what} only to https:// pages and to this computer itself (http://127.0.0.1). ${LISTEN_ONLY}`,
    ];
  }
  const text = `${error?.message ?? ""}`.toLowerCase();
  switch (error?.name) {
    case "NotAllowedError":
      if (text.includes("dismissed")) {
        return [`The question about the ${what} was closed`, `Ask again and choose “Allow”. ${LISTEN_ONLY}`];
      }
      if (text.includes("system")) {
        return [`The ${what} is blocked by the system`, `Allow it for this browser in the system's privacy settings. ${LISTEN_ONLY}`];
      }
      return [`The ${what} is blocked for this page`, `Open the site settings beside the address and allow the ${what}. ${LISTEN_ONLY}`];
    case "NotFoundError":
    case "OverconstrainedError":
      return [`No ${what} was found`, `Plug one in, then try again. ${LISTEN_ONLY}`];
    case "NotReadableError":
    case "AbortError":
      return [`The ${what} cannot be opened`, `Another program may be using it. Close that program, then try again. ${LISTEN_ONLY}`];
    default:
      return [`The ${what} cannot be used`, `${error?.message || error}. ${LISTEN_ONLY}`];
  }
}

async function open(constraints) {
  if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
  return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks()[0];
}

const chosen = (id) => (id ? { deviceId: { exact: id } } : {});

export const openMicrophone = (id) => open({ audio: { ...CLEAN, ...chosen(id) } });

export const openCamera = (id) =>
  open({ video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { max: 30 }, ...chosen(id) } });

export async function openScreen() {
  if (!navigator.mediaDevices?.getDisplayMedia) throw new DOMException("", "NotSupportedError");
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 10 } } });
  return stream.getVideoTracks()[0];
}

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Fill the three pickers with what is plugged in, and keep what is chosen. */
export async function listDevices(inUse) {
  $("speaker-field").hidden = !("setSinkId" in HTMLMediaElement.prototype);
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  fill($("mic-picker"), devices, "audioinput", "Microphone", inUse.audio);
  fill($("camera-picker"), devices, "videoinput", "Camera", inUse.camera);
  fill($("speaker-picker"), devices, "audiooutput", "Speaker", null);
}

function fill(picker, devices, kind, word, track) {
  const before = track?.getSettings().deviceId ?? picker.value;
  const found = devices.filter((device) => device.kind === kind && device.deviceId);
  const options = found.map(({ deviceId, label }, index) =>
    make("option", { value: deviceId, textContent: label || `${word} ${index + 1}` }));
  picker.replaceChildren(...(options.length ? options : [make("option", { value: "", textContent: `As the system (${word.toLowerCase()})` })]));
  if (found.some(({ deviceId }) => deviceId === before)) picker.value = before;
}
