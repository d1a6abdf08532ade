// @ts-check
/** The ranking as it was, and as it is with the weights of the moment. */

/** @import { RatingsData } from "./arithmetic.js" */
import { placesOf, rankedRows, scoresWith } from "./arithmetic.js";

export class WeightedRanking {
  /** @param {RatingsData} data */
  constructor(data) {
    this.data = data;
    this.weights = data.criteria.map(({ weight }) => weight);
    this.scores = scoresWith(data, this.weights);
    this.ranked = this.rankedBefore = rankedRows(this.scores);
    this.places = this.placesBefore = placesOf(this.ranked);
    this.hasMore = data.total > data.rows.length;
  }

  /** @param {number[]} weights */
  weigh(weights) {
    this.weights = weights;
    this.scores = scoresWith(this.data, weights);
    this.ranked = rankedRows(this.scores);
    this.places = placesOf(this.ranked);
  }

  movedCount() {
    return this.ranked.filter((row, place) => this.placesBefore[row] !== place).length;
  }
}
