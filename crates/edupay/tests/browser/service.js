// A running demo: the service and the sandbox, each on a free port of this machine, with data of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const BINARY = process.env.EDUPAY_BINARY;
/** The demo's first user, guardian of the first student. */
const TOKEN = "706a87288233ea2427cddb8a1bbce29369ac5073";
export const STUDENT = "10129580";
export const CARD = 0;
export const SMS = 1;

export class Demo {
  #process;

  static async start(settings = {}) {
    if (!BINARY) throw new Error("EDUPAY_BINARY must name the program");
    const demo = new Demo();
    const listen = ["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"];
    demo.#process = spawn(BINARY, ["demo", ...listen], {
      env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR ?? "/tmp", EDUPAY_LOG__LEVEL: "warn", ...settings },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface({ input: demo.#process.stdout });
    const ended = once(demo.#process, "exit").then(([code]) => Promise.reject(new Error(`the demo ended: ${code}`)));
    ended.catch(() => {});
    const [line] = await Promise.race([once(lines, "line"), ended]);
    Object.assign(demo, JSON.parse(line));
    return demo;
  }

  async stop() {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  async #call(method, path, body) {
    const headers = { Authorization: `Token ${TOKEN}`, "Content-Type": "application/json" };
    const reply = await fetch(this.service + path, { method, headers, body: body && JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  }

  /** A link to the packages of one kind, as SearchPayPackages gives it to an app. */
  async link(type = CARD) {
    const reply = await this.#call("POST", "/api/Pay/SearchPayPackages", { userID: STUDENT, type, payType: 0 });
    if (reply.error !== 0) throw new Error(JSON.stringify(reply));
    return this.service + new URL(reply.data.qrCode).pathname;
  }

  async purchases() {
    return (await this.#call("GET", `/v1/students/${STUDENT}/purchases`)).items;
  }

  async charges() {
    return (await (await fetch(`${this.sandbox}/sandbox/state`)).json()).charges;
  }
}
