addEventListener("load", () => {
  // What moves sideways can be moved by keyboard: not every browser lets it be focused by itself.
  for (const box of document.querySelectorAll(".table-wrapper, .picture, .highlight pre")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
  // A picture wider than the screen shows where it begins.
  for (const entry of document.querySelectorAll(".picture .entry")) {
    const box = entry.closest(".picture");
    const place = entry.getBoundingClientRect().left - box.getBoundingClientRect().left;
    box.scrollLeft = place - box.clientWidth / 2;
  }
});
