// Makes static/presence.classic.js, the library for pages without modules: `node tools/build-classic.mjs`.
//
// Each module becomes a function that gives what the module exports; they stand in the order in which they
// need each other, without comments and indentation. With `--check` nothing is written, and the exit code says whether the file is up to date.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const STATIC = join(dirname(fileURLToPath(import.meta.url)), "..", "static");
const TARGET = join(STATIC, "presence.classic.js");
const IMPORT = /^import \{([^}]+)\} from "([^"]+)";\n/gm;
const EXPORT = /^export ((?:async )?(?:class|function|const) (\w+))/gm;
const REEXPORT = /^export \{([^}]+)\};\n/gm;

/** The name of a module as a variable: "typing-signal.js" → "typingSignalModule". */
function variable(path) {
  return `${basename(path, ".js").replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())}Module`;
}

/** Path → what to write for it, in the order of need. */
const modules = new Map();

function add(path) {
  if (modules.has(path)) return;
  const exported = [];
  const body = readFileSync(path, "utf8")
    .replaceAll(/^\/\*\*[^]*?\*\/\n|^ *\/\*\*[^]*?\*\/\n|^ *\/\/.*\n/gm, "")
    .replaceAll(IMPORT, (_, names, from) => {
      const needed = join(dirname(path), from);
      add(needed);
      return `const {${names}} = ${variable(needed)};\n`;
    })
    .replaceAll(EXPORT, (_, declaration, name) => {
      exported.push(name);
      return declaration;
    })
    .replaceAll(REEXPORT, (_, names) => {
      exported.push(...names.split(",").map((name) => name.trim()));
      return "";
    });
  if (/^(import|export) /m.test(body)) throw new Error(`${path}: an import or export of a form not known here`);
  const flat = body.trim().replaceAll(/^ +/gm, "");
  modules.set(path, `const ${variable(path)} = (() => {\n${flat}\nreturn { ${exported.join(", ")} };\n})();\n`);
}

add(join(STATIC, "presence.js"));
const built = `// Made by tools/build-classic.mjs from presence.js; do not change by hand. Gives the global \`ssePresence\`.
(() => {
"use strict";
${[...modules.values()].join("\n")}
globalThis.ssePresence = presenceModule;
})();
`;

if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, built);
} else if (readFileSync(TARGET, "utf8") !== built) {
  console.error("static/presence.classic.js is out of date: run `node tools/build-classic.mjs`.");
  process.exitCode = 1;
}
