// What happens in the workspace, as it happens. When the line was cut, everything is looked at again.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;

/** `onchange(entry)` hears of every change; `onback()` runs after a gap; `online(is)` says how the line stands. */
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
