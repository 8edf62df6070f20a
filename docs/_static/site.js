// What moves sideways can be moved by keyboard: not every browser lets it be focused by itself.
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".table-wrapper, .picture, .highlight pre")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
});
