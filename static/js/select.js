// Selecting photos of an album: a row of them with shift, a whole page, and how many.

const form = document.querySelector("[data-select]");
const boxes = [...form.querySelectorAll("[name=photo]")];
const { all, page } = form.elements;
let last = 0;

function tick(some, checked) {
  for (const box of some) box.checked = checked;
}

function update() {
  const count = all.checked ? all.value : boxes.filter((box) => box.checked).length;
  form.querySelector("output").value = form.dataset.select.replace("{n}", count);
  form.querySelector("[type=submit]").disabled = !Number(count);
}

form.addEventListener("click", ({ target, shiftKey }) => {
  const at = boxes.indexOf(target);
  if (target === page) tick(boxes, true);
  if (target === all) tick(boxes, all.checked);
  if (at >= 0) {
    if (shiftKey) tick(boxes.slice(Math.min(at, last), Math.max(at, last) + 1), target.checked);
    if (!target.checked) all.checked = false;
    last = at;
  }
  update();
});
page.hidden = false;
update();
