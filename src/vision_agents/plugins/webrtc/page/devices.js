// Microphone, camera, screen and speaker, and in plain words why one of them is not there.

import { $, make } from "./dom.js";

/** What to tell a person when a device cannot be had: a title and a text. */
export function explain(error, what = "microphone") {
	const [title, advice] = reason(error, what);
	const rest = what === "microphone" ? " You can listen and write; the agent cannot hear you." : "";
	return [title, advice + rest];
}

function reason({ name, message = "" } = {}, what) {
	if (!navigator.mediaDevices) {
		return ["This page was opened over an insecure address",
			`Browsers give a ${what} only to https:// pages, and to this computer itself at http://127.0.0.1.`];
	}
	if (name === "NotAllowedError" && /dismissed/i.test(message)) {
		return [`The question about the ${what} was closed`, "Try again, and choose “Allow”."];
	}
	if (name === "NotAllowedError" && /system/i.test(message)) {
		return [`The system blocks the ${what}`, "Allow it for this browser in the system's privacy settings."];
	}
	return {
		NotAllowedError: [`The ${what} is blocked for this page`, `Open the site settings beside the address and allow the ${what}.`],
		NotFoundError: [`No ${what} was found`, "Plug one in and try again."],
		NotReadableError: [`The ${what} cannot be opened`, "Another program may be using it: close that, and try again."],
	}[name] ?? [`The ${what} cannot be used`, message];
}

async function open(constraints) {
	return (await navigator.mediaDevices.getUserMedia(constraints)).getTracks()[0];
}

const chosen = (id) => (id ? { deviceId: { exact: id } } : {});

export const openMicrophone = (id) =>
	open({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...chosen(id) } });

export const openCamera = (id) =>
	open({ video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { max: 30 }, ...chosen(id) } });

export const openScreen = async () =>
	(await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 10 } } })).getVideoTracks()[0];

export const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Fill the pickers with what is plugged in, and keep what is chosen. */
export async function listDevices({ audio, camera }) {
	const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
	const fill = (picker, kind, track) => {
		const before = track?.getSettings().deviceId ?? picker.value;
		const options = found.filter((device) => device.kind === kind && device.deviceId).map(({ deviceId, label }) =>
			make("option", { value: deviceId, textContent: label, selected: deviceId === before }));
		picker.replaceChildren(...(options.length ? options : [make("option", { value: "", textContent: "As the system" })]));
	};
	fill($("mic-picker"), "audioinput", audio);
	fill($("camera-picker"), "videoinput", camera);
	fill($("speaker-picker"), "audiooutput");
	$("speaker-picker").disabled = !("setSinkId" in HTMLMediaElement.prototype);
}
