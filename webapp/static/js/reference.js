// Shows the description of the API with Swagger UI, which is loaded beside this script.

const place = document.querySelector("[data-reference]");

/** Swagger UI's own layout without its frame, which would be a second main part of our page. */
function plainLayout({ React: { createElement } }) {
  return ({ getComponent, specSelectors }) => {
    if (specSelectors.loadingStatus() === "failed") {
      const sentence = "The description of the API could not be loaded. Reload the page.";
      return createElement("p", { role: "alert" }, sentence);
    }
    const parts = ["operations", "Models"].map((name) =>
      createElement(getComponent(name, true), { key: name }),
    );
    const signs = createElement(getComponent("SvgAssets"), { key: "signs" });
    return createElement("div", { className: "swagger-ui" }, signs, ...parts);
  };
}

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.reference,
  deepLinking: false, // its links stand in buttons, where neither keyboard nor screen reader fits
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  layout: "PlainLayout",
  plugins: [(system) => ({ components: { PlainLayout: plainLayout(system) } })],
  validatorUrl: null, // it would tell another site of ours
  requestInterceptor: (request) => {
    request.headers["X-CSRF-Token"] = place.dataset.token;
    return request;
  },
});
