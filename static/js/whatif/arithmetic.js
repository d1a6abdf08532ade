// @ts-check
/**
 * Scores and ranks with other weights: the arithmetic of candidates/scoring/rank.py, to the last
 * decimal. tests/browser/test_results.py holds the two against each other.
 *
 * @typedef {object} RatingsData as candidates/views/whatif.py sends it
 * @property {{ key: string, name: string, weight: number, must: boolean }[]} criteria
 * @property {number} strongest the highest rating there is
 * @property {number} cap the highest score where a must-have is not found
 * @property {number} unclearFrom the lowest rating with which a must-have is not missing
 * @property {number} total how many are scored; `rows` has the best of them
 * @property {[id: string, name: string, ratings: number[]][]} rows in the order that breaks ties
 */

export const TOP_SIZE = 10;
const WEIGHT_SHIFT = 0.2; // share by which a weight is moved to see who would enter the top

/**
 * Add floats as Python's sum() does (since 3.12): with Neumaier's compensation for what rounding
 * loses. The same scores need the same sum.
 *
 * @param {number[]} numbers
 */
export function compensatedSum(numbers) {
  let total = 0;
  let lost = 0;
  for (const number of numbers) {
    const next = total + number;
    lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total;
    total = next;
  }
  return lost ? total + lost : total;
}

/**
 * Round a score as Python's round(score, 1): of two that are as near, to the even one. Only
 * quarters lie so, and of them toFixed() rounds those at .25 up.
 *
 * @param {number} score
 */
export function roundToTenth(score) {
  const floor = Math.floor(score);
  return score - floor === 0.25 ? Number(`${floor}.2`) : Number(score.toFixed(1));
}

/**
 * Return the score of each row, 0 to 100. At least one weight has to be above 0.
 *
 * @param {RatingsData} data
 * @param {number[]} weights in the order of the criteria
 */
export function scoresWith({ criteria, rows, strongest, cap, unclearFrom }, weights) {
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const mustHaves = criteria.flatMap(({ must }, index) => (must ? [index] : []));
  return rows.map(([, , ratings]) => {
    const weighted = ratings.map((rating, index) => weights[index] * rating);
    const score = (100 * (compensatedSum(weighted) / totalWeight)) / strongest;
    const isMissing = mustHaves.some((index) => ratings[index] < unclearFrom);
    return roundToTenth(isMissing ? Math.min(score, cap) : score);
  });
}

/**
 * Return the indices of the rows, the best first. The order of the rows breaks ties.
 *
 * @param {number[]} scores
 */
export function rankedRows(scores) {
  return scores.map((_, row) => row).sort((a, b) => scores[b] - scores[a] || a - b);
}

/**
 * Return the place of each row, from 0.
 *
 * @param {number[]} ranked indices of rows, the best first
 */
export function placesOf(ranked) {
  /** @type {number[]} */
  const places = [];
  ranked.forEach((row, place) => (places[row] = place));
  return places;
}

/**
 * Return which rows are in one list and not in the other.
 *
 * @param {number[]} before
 * @param {number[]} after
 */
export function difference(before, after) {
  return {
    entering: after.filter((row) => !before.includes(row)),
    leaving: before.filter((row) => !after.includes(row)),
  };
}

/**
 * Return, for each criterion with a fifth more weight and with a fifth less, who would enter the
 * top and who would leave it.
 *
 * @param {RatingsData} data
 * @param {number[]} weights
 */
export function topSensitivity(data, weights) {
  const top = topRows(data, weights);
  return data.criteria.flatMap(({ name }, index) =>
    [1 + WEIGHT_SHIFT, 1 - WEIGHT_SHIFT].map((factor) => {
      const shifted = weights.map((weight, other) => (other === index ? weight * factor : weight));
      return { name, isMore: factor > 1, ...difference(top, topRows(data, shifted)) };
    })
  );
}

/**
 * @param {RatingsData} data
 * @param {number[]} weights
 */
function topRows(data, weights) {
  if (!weights.some((weight) => weight > 0)) return [];
  return rankedRows(scoresWith(data, weights)).slice(0, TOP_SIZE);
}
