// A part of the page that the server draws. It is patched, not replaced, so that focus and what is being typed stay; and
// it sends the name of what a person did with what was typed. It knows nothing of pumps.

const KEEPS = new Set(["open"]);

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !KEEPS.has(name)) {
      old.removeAttribute(name);
      if (name === "checked") old.checked = false;
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) === value) continue;
    old.setAttribute(name, value);
    if (name === "value" && old.nodeName === "INPUT" && isText(old)) old.value = value;
    if (name === "checked") old.checked = true;
  }
}

const isText = (element) => !["checkbox", "radio", "hidden", "file"].includes(element.type);

// What was sent and refused goes back to what the server holds.
function settleValue(element) {
  if (!element.isSent) return;
  element.isSent = false;
  if (element.nodeName === "SELECT") {
    const chosen = element.querySelector("option[selected]");
    if (chosen) element.value = chosen.value;
  } else if (element.type === "checkbox") {
    element.checked = element.hasAttribute("checked");
  } else if (isText(element)) {
    element.value = element.getAttribute("value") ?? "";
  }
}

function remove(node) {
  for (const dialog of node.nodeName === "DIALOG" ? [node] : node.querySelectorAll?.("dialog") ?? []) {
    if (dialog.open) dialog.close();
  }
  node.remove();
}

function patchChildren(old, fresh, added) {
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = child.id ? [...old.children].find((one) => one.id === child.id) : null;
    if (same && same.nodeName === child.nodeName) {
      if (same !== at) old.insertBefore(same, at);
      else at = at.nextSibling;
      patch(same, child, added);
    } else if (at && !child.id && !at.id && at.nodeName === child.nodeName) {
      const next = at.nextSibling;
      patch(at, child, added);
      at = next;
    } else {
      old.insertBefore(child, at);
      if (child.nodeType === Node.ELEMENT_NODE) added.push(child);
    }
  }
  while (at) {
    const next = at.nextSibling;
    remove(at);
    at = next;
  }
}

function patch(old, fresh, added) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  patchAttributes(old, fresh);
  patchChildren(old, fresh, added);
  if (["INPUT", "SELECT"].includes(old.nodeName)) settleValue(old);
}

const valuesOf = (element) => JSON.parse(element.dataset.values || "{}");

function minuteText(minute) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

export default {
  template: "<div></div>",
  props: { html: String, main: Boolean },
  mounted() {
    const root = this.$el;
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("change", (event) => this.changed(event));
    root.addEventListener("submit", (event) => this.submitted(event));
    root.addEventListener("keydown", (event) => this.pressed(event));
    root.addEventListener("pointerdown", (event) => this.grabbed(event));
    root.addEventListener("cancel", (event) => this.cancelled(event), true);
    this.isFirst = true;
    this.draw();
    if (!this.main) this.watchServer();
  },
  watch: {
    html() {
      this.draw();
    },
  },
  methods: {
    draw() {
      const template = document.createElement("template");
      template.innerHTML = this.html;
      const added = [];
      const focused = document.activeElement;
      patchChildren(this.$el, template.content, added);
      // What is moved to another place loses focus on the way.
      if (focused !== document.activeElement && this.$el.contains(focused)) {
        focused.focus();
        focused.select?.();
      }
      for (const dialog of this.$el.querySelectorAll("dialog[data-modal]")) {
        if (!dialog.open) dialog.showModal();
      }
      if (!this.isFirst) this.focusOn(added);
      this.isFirst = false;
    },
    // A single field that a person has just asked for is where they type next.
    focusOn(added) {
      const found = added.flatMap((node) =>
        node.matches("[data-first]") ? [node] : [...node.querySelectorAll("[data-first]")],
      );
      if (found.length === 1) {
        found[0].focus();
        found[0].select?.();
      }
    },
    act(name, values) {
      this.$emit("act", { name, values });
    },
    clicked(event) {
      const opener = event.target.closest("[data-opens]");
      if (opener) document.getElementById(opener.dataset.opens)?.click();
      const button = event.target.closest("button[data-do]");
      if (button && !button.disabled) this.act(button.dataset.do, valuesOf(button));
    },
    async changed(event) {
      const element = event.target;
      if (element.dataset.typed) this.act("type", { [element.dataset.typed]: element.value });
      if (!element.dataset.do) return;
      if (element.type === "file") {
        const [file] = element.files;
        if (file && file.size <= 1_000_000) {
          this.act(element.dataset.do, { name: file.name, text: await file.text() });
        } else if (file) {
          this.act(element.dataset.do, { name: file.name, text: "" });
        }
        element.value = "";
        return;
      }
      element.isSent = true;
      const value = element.type === "checkbox" ? (element.checked ? "yes" : "") : element.value;
      this.act(element.dataset.do, { ...valuesOf(element), value });
    },
    submitted(event) {
      event.preventDefault();
      const values = {};
      for (const [name, value] of new FormData(event.target, event.submitter)) values[name] = String(value);
      this.act(event.target.dataset.do, values);
    },
    cancelled(event) {
      if (event.target.nodeName !== "DIALOG") return;
      event.preventDefault();
      this.act("close", {});
    },
    pressed(event) {
      const handle = event.target.closest("[data-drag]");
      if (handle) {
        this.moved(event, handle);
      } else if (event.key === "Enter" && event.target.dataset.enter) {
        // What is typed before the new field is there must not end up in this one.
        event.target.blur();
        document.getElementById(event.target.dataset.enter)?.click();
      }
    },
    // The arrow keys do what dragging does.
    moved(event, handle) {
      const axis = handle.dataset.drag;
      const keys = axis === "x" ? { ArrowLeft: -1, ArrowRight: 1 } : { ArrowDown: -1, ArrowUp: 1 };
      const direction = keys[event.key];
      if (!direction) return;
      event.preventDefault();
      const plot = handle.ownerSVGElement.dataset;
      let by = Number(axis === "x" ? plot.snapMinutes : plot.snap);
      if (event.shiftKey) by = axis === "x" ? Number(plot.fineMinutes) : by / 5;
      const number = (name) => Number(handle.getAttribute(name));
      const wanted = number("aria-valuenow") + direction * by;
      const most = axis === "x" ? number("aria-valuemax") : Infinity;
      this.act("draft.drag_begin", {});
      this.drag(handle, Math.min(Math.max(wanted, number("aria-valuemin")), most));
    },
    grabbed(event) {
      const handle = event.target.closest("[data-drag]");
      if (!handle || event.button !== 0) return;
      event.preventDefault();
      handle.focus();
      const svg = handle.ownerSVGElement;
      const [left, right, top, bottom] = svg.dataset.plot.split(",").map(Number);
      const most = Number(svg.dataset.top);
      const [snapMinutes, fine, snap] = [svg.dataset.snapMinutes, svg.dataset.fineMinutes, svg.dataset.snap].map(Number);
      const [least, furthest] = ["aria-valuemin", "aria-valuemax"].map((name) => Number(handle.getAttribute(name)));
      this.act("show", { top: svg.dataset.top });
      this.act("draft.drag_begin", {});
      let last = null;
      const move = (moving) => {
        const point = new DOMPoint(moving.clientX, moving.clientY).matrixTransform(svg.getScreenCTM().inverse());
        let value;
        if (handle.dataset.drag === "x") {
          const by = moving.shiftKey ? fine : snapMinutes;
          value = Math.round(((point.x - left) / (right - left)) * (1440 / by)) * by;
          value = Math.min(Math.max(value, least), furthest);
        } else {
          const by = moving.shiftKey ? snap / 5 : snap;
          value = Math.round((((bottom - point.y) / (bottom - top)) * most) / by) * by;
          value = Math.min(Math.max(value, by), most);
        }
        if (value !== last) this.drag(handle, value);
        last = value;
      };
      const end = () => {
        window.removeEventListener("pointermove", move);
        window.removeEventListener("pointerup", end);
        window.removeEventListener("pointercancel", end);
        this.act("show", { top: "" });
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", end);
      window.addEventListener("pointercancel", end);
    },
    drag(handle, value) {
      const text = handle.dataset.drag === "x" ? minuteText(value) : String(Number(value.toFixed(6)));
      this.act("draft.drag", { place: handle.dataset.place, value: text });
    },
    // A page whose server has ended must not look as if it were live.
    watchServer() {
      const say = (text) => {
        document.body.classList.toggle("cut", text !== "");
        document.getElementById("cut").textContent = text;
      };
      if (!window.socket) {
        setTimeout(() => this.watchServer(), 50);
        return;
      }
      window.socket.on("disconnect", () => say("The console's own program does not answer. What is shown is old."));
      window.socket.on("connect", () => say(""));
    },
  },
};
