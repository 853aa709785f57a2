// A file of its own: the policy of our pages lets no script run that stands inside one.
const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: false, // it would put a link into each button that opens a call, which not all can reach
});
