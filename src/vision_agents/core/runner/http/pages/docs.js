"use strict";

// The key stays in this tab: the page needs it for the description, and for trying requests out.
const STORED = "vision-agents-api-key";
const form = document.getElementById("key");

function headers() {
  const key = sessionStorage.getItem(STORED);
  return key ? { "X-API-Key": key } : {};
}

async function show() {
  const answer = await fetch("./openapi.json", { headers: headers() });
  form.hidden = answer.status !== 401;
  if (!answer.ok) {
    return;
  }
  SwaggerUIBundle({
    spec: await answer.json(),
    dom_id: "#swagger-ui",
    deepLinking: true,
    requestInterceptor(request) {
      Object.assign(request.headers, headers());
      return request;
    },
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(STORED, form.elements.key.value);
  show();
});

show();
