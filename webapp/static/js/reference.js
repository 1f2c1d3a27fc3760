// Shows the description of the API with Swagger UI, which is loaded beside this script.

const place = document.querySelector("[data-reference]");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.reference,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null, // it would tell another site of ours
  requestInterceptor: (request) => {
    request.headers["X-CSRF-Token"] = place.dataset.token;
    return request;
  },
});
