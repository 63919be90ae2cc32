const timeline = document.querySelector("svg.timeline");
const plot = timeline.querySelector(".plot");
const { x: left, width, height } = plot.viewBox.baseVal;
const { start, seconds } = timeline.dataset;
const SHOWN_S = 10; // around a moment that a story links to
let view = { x: left, size: 1 }; // the time that is seen: where it begins, and its share of the whole
const clock = (x) => new Date(Number(start) + ((x - left) / width) * seconds * 1000).toISOString().slice(11, 23);
const show = (x, size) => {
  view = { x: Math.min(Math.max(x, left), left + width * (1 - size)), size };
  plot.setAttribute("viewBox", `${view.x} 0 ${width * size} ${height}`);
  timeline.style.setProperty("--narrow", size);
  timeline.classList.toggle("zoomed", size < 1);
  const text = size < 1 ? `${clock(view.x)}–${clock(view.x + width * size)}` : "";
  timeline.querySelector(".window").textContent = text;
};
const zoom = (factor, share) => {
  const size = Math.min(Math.max(view.size * factor, 0.02), 1);
  show(view.x + width * share * (view.size - size), size);
};
const here = plot.querySelector(".here");
for (const link of document.querySelectorAll("[data-at]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const x = left + (width * link.dataset.at) / seconds;
    const size = Math.min(1, SHOWN_S / seconds);
    here.setAttribute("d", `M${x} ${here.dataset.d}`);
    show(x - (width * size) / 2, size);
    here.scrollIntoView({ block: "center", inline: "center" });
  });
}
const units = (pixels) => (pixels * timeline.viewBox.baseVal.width) / timeline.getBoundingClientRect().width;
timeline.addEventListener("wheel", (event) => {
  // without this the page could not be scrolled past the picture
  if (document.activeElement !== timeline && !event.ctrlKey) return;
  event.preventDefault();
  zoom(Math.exp(event.deltaY * 0.002), (units(event.clientX - timeline.getBoundingClientRect().x) - left) / width);
}, { passive: false });
timeline.addEventListener("pointerdown", (event) => timeline.setPointerCapture(event.pointerId));
timeline.addEventListener("pointermove", (event) => {
  if (event.buttons & 1) show(view.x - units(event.movementX) * view.size, view.size);
});
timeline.addEventListener("dblclick", () => show(left, 1));
timeline.addEventListener("keydown", (event) => {
  const factor = { "+": 0.8, "-": 1.25, "0": 50 }[event.key];
  if (factor) zoom(factor, 0.5);
});
