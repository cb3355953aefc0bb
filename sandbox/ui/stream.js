// The stream of changes from the sandbox, with reconnection.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;

/** `onchange(entry)` gets every change; `onback()` runs after a reconnection; `online(isOnline)` reports the connection. */
export function stream({ onchange, onback, online }) {
  let wait = FIRST_WAIT;
  let again = false;
  function connect() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/sandbox/stream`);
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT;
      online(true);
      if (again) onback();
      again = true;
    });
    socket.addEventListener("message", (event) => onchange(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      online(false);
      setTimeout(connect, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    });
  }
  connect();
}
