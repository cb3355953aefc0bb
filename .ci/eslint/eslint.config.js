// ESLint for the sandbox's web UI: plain modules in the browser, no build step.

import js from "@eslint/js";

const BROWSER = [
  "Event", "FileReader", "Intl", "ResizeObserver", "URL", "URLSearchParams", "WebSocket", "clearInterval",
  "clearTimeout", "console",
  "document", "fetch", "history", "innerHeight", "innerWidth", "location", "matchMedia", "navigator", "open",
  "requestAnimationFrame", "sessionStorage", "setInterval", "setTimeout", "window",
];
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({
  property,
  message: "Build elements with dom.js: text from people must never be parsed as markup.",
}));

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])),
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "error",
      "eqeqeq": "error",
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 150, skipComments: true }],
      "max-params": ["error", 6],
      "no-duplicate-imports": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-mixed-operators": ["error", { groups: [["&&", "||"]], allowSamePrecedence: true }],
      "no-new-func": "error",
      "no-promise-executor-return": "error",
      "no-restricted-properties": ["error", ...MARKUP],
      "no-script-url": "error",
      "no-self-compare": "error",
      "no-shadow": ["error", { builtinGlobals: false }],
      "no-unmodified-loop-condition": "error",
      "no-unreachable-loop": "error",
      "no-unused-vars": ["error", { args: "after-used" }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      "require-atomic-updates": "off",
    },
  },
];
