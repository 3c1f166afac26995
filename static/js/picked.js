// From what was dropped or picked to a plain list of files, folders opened.

// What file browsers leave lying about, and nobody means to add.
const LITTER = /^(\..*|thumbs\.db|desktop\.ini)$/i;

export async function droppedFiles(transfer) {
  // The items are gone after the first pause, so all are taken out before it.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return wanted([...transfer.files]);
  const found = await Promise.all(entries.map(filesIn));
  return wanted(found.flat());
}

export function wanted(files) {
  const named = files.filter((file) => !LITTER.test(file.name));
  return named.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A browser hands out a folder in portions, and an empty one at its end.
    const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!portion.length) return found;
    found.push(...(await Promise.all(portion.map(filesIn))).flat());
  }
}
