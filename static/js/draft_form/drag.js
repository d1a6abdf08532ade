// @ts-check
/** Moves a row by mouse, pen or finger. */

/**
 * Let `row` follow the pointer until it is released; it moves as soon as the middle of another
 * row is passed. The window listens: a row that changes places loses the pointer.
 *
 * @param {HTMLElement} row
 * @param {() => HTMLElement[]} rows those that it may change places with, in their order
 * @param {() => void} dropped called at the end
 */
export function drag(row, rows, dropped) {
  row.classList.add("dragged");
  /** @param {PointerEvent} event */
  const follow = ({ clientY }) => {
    const other = rows().find((candidate) => {
      const { top, bottom } = candidate.getBoundingClientRect();
      return candidate !== row && clientY >= top && clientY <= bottom;
    });
    if (!other) return;
    const { top, height } = other.getBoundingClientRect();
    if (clientY < top + height / 2) other.before(row);
    else other.after(row);
  };
  const end = () => {
    window.removeEventListener("pointermove", follow);
    row.classList.remove("dragged");
    dropped();
  };
  window.addEventListener("pointermove", follow);
  window.addEventListener("pointerup", end, { once: true });
}
