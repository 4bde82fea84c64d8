// Every page: a button that copies a block of code; in lessons, R and Python side by side.

for (const block of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy this code");
  button.onclick = async () => {
    const code = block.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(code);
    } catch {
      // A page from a folder may not use the clipboard: the selection can be copied by keys.
      getSelection().selectAllChildren(block.querySelector("code"));
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };
  const frame = document.createElement("div");
  frame.className = "frame";
  block.replaceWith(frame);
  frame.append(block, button);
}

const python = document.getElementById("python");
if (python) {
  const remembered = () => {
    try { return localStorage.getItem("language"); } catch { return null; }
  };
  const views = { both: "R and Python", r: "R", python: "Python" };
  const buttons = Object.entries(views).map(([view, name]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.onclick = () => {
      show(view);
      try { localStorage.setItem("language", view); } catch { /* not kept */ }
    };
    button.dataset.view = view;
    return button;
  });
  const show = view => {
    document.body.dataset.view = view;
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.view === view);
  };
  const bar = document.createElement("div");
  bar.className = "languages";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Language");
  bar.append(...buttons);
  document.querySelector("main").before(bar);
  show(views[remembered()] ? remembered() : "both");
}
