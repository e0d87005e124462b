import { GoError } from '../template-error.ts';

/** Digits after the point of a quotient, as in the library that sprig uses. */
const quotientPlaces = 16;

/** An exact decimal number: `value` times ten to the power of -`places`. */
export class Decimal {
  readonly #value: bigint;
  readonly #places: number;

  constructor(value: bigint, places: number) {
    this.#value = value;
    this.#places = places;
  }

  plus(other: Decimal): Decimal {
    const places = Math.max(this.#places, other.#places);
    return new Decimal(this.#at(places) + other.#at(places), places);
  }

  minus(other: Decimal): Decimal {
    const places = Math.max(this.#places, other.#places);
    return new Decimal(this.#at(places) - other.#at(places), places);
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.#value * other.#value, this.#places + other.#places);
  }

  /** Rounded half away from zero. */
  over(other: Decimal): Decimal {
    if (other.#value === 0n) throw new GoError('decimal division by 0');
    const places = Math.max(this.#places, other.#places);
    const dividend = this.#at(places) * 10n ** BigInt(quotientPlaces);
    const by = other.#at(places);
    const quotient = dividend / by;
    const rest = dividend % by;
    if (absolute(rest) * 2n < absolute(by)) return new Decimal(quotient, quotientPlaces);
    return new Decimal(quotient + (dividend < 0n === by < 0n ? 1n : -1n), quotientPlaces);
  }

  toNumber(): number {
    return Number(`${this.#value}e${-this.#places}`);
  }

  #at(places: number): bigint {
    return this.#value * 10n ** BigInt(places - this.#places);
  }
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** By the shortest digits that say the number. */
export function decimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new GoError(`Cannot create a Decimal from ${String(value)}`);
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const places = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return places < 0 ? new Decimal(digits * 10n ** BigInt(-places), 0) : new Decimal(digits, places);
}
