// Browsers start no worker for a page that is read from a file: a hidden frame does its work, so that search works there, too.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      inside.document.open(); // else Firefox puts another empty document in place of this one
      inside.document.write("<!doctype html><body>");
      inside.document.close();
      // What a worker has and a window has not: messages for whoever made it, and scripts that are loaded on demand.
      inside.postMessage = data => this.say(new MessageEvent("message", { data }));
      inside.importScripts = (...urls) => urls.reduce((before, one) => before.then(() => this.load(one)), Promise.resolve());
      this.load(new URL(url, location.href).href).then(
        () => { this.isReady = true; this.waiting.splice(0).forEach(data => this.hand(data)); },
        () => this.say(new ErrorEvent("error", { message: `${url} cannot be loaded` })),
      );
    }

    load(url) {
      return new Promise((done, failed) => {
        const page = this.frame.contentDocument;
        const script = page.createElement("script");
        Object.assign(script, { src: url, onload: done, onerror: failed });
        page.body.append(script);
      });
    }

    postMessage(data) {
      if (this.isReady) this.hand(data);
      else this.waiting.push(data);
    }

    hand(data) {
      const inside = this.frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }

    say(event) {
      this.dispatchEvent(event);
      this[`on${event.type}`]?.(event);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
