/** The shortest digits that say a number, `d.ddd` without its point, and its power of ten. */
function shortest(size: number): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '0', exponent = '0'] = size.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

/**
 * Go's strconv.FormatFloat.
 * @param precision undefined: as many digits as it takes
 */
export function floatText(value: number, verb: 'e' | 'f' | 'g', precision?: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (verb === 'f') return sign + (precision === undefined ? plain(size) : fixed(size, precision));
  if (verb === 'e') return sign + exponential(size, precision);
  return sign + general(size, precision);
}

function general(size: number, precision: number | undefined): string {
  const digits = precision === 0 ? 1 : precision;
  const { exponent } =
    digits === undefined ? shortest(size) : exponentOf(size.toExponential(Math.min(digits - 1, 100)));
  // %e is used for very small and for large numbers, also where the shortest form has more digits.
  const limit = digits ?? 6;
  if (exponent < -4 || exponent >= limit)
    return trimmed(exponential(size, digits === undefined ? undefined : digits - 1), digits);
  return digits === undefined ? plain(size) : trimmed(fixed(size, digits - 1 - exponent), digits);
}

function exponentOf(text: string): { readonly exponent: number } {
  return { exponent: Number(text.split('e')[1]) };
}

/** %g with a precision writes no zeros at the end. */
function trimmed(text: string, digits: number | undefined): string {
  if (digits === undefined) return text;
  const [mantissa = '', exponent] = text.split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

function exponential(size: number, precision: number | undefined): string {
  const text = precision === undefined ? size.toExponential() : size.toExponential(Math.min(precision, 100));
  // At least two digits.
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function plain(size: number): string {
  const { digits, exponent } = shortest(size);
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return rest === '' ? whole : `${whole}.${rest}`;
}

/** By the number's exact value, where JavaScript's toFixed gives up at 10^21. */
function fixed(size: number, precision: number): string {
  const places = Math.min(precision, 100);
  const text =
    size < 1e21 ? size.toFixed(places) : `${BigInt(size)}${places > 0 ? `.${'0'.repeat(places)}` : ''}`;
  return precision > 100 ? text + '0'.repeat(precision - 100) : text;
}
