/**
 * The page without this is whole, and loads itself anew. With it, sections that have changed come over a stream of
 * events and are put in place node by node, so that what is open stays open and the focus stays where it is; and the
 * times go on counting.
 */
export const script = `
'use strict';
{
  const byId = (id) => document.getElementById(id);
  let ahead = Number(byId('live').dataset.at) - Date.now();
  const two = (value) => String(value).padStart(2, '0');
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const age = (seconds) => {
    const [unit, size] = units.find(([, size]) => seconds >= size) || units[3];
    return Math.floor(seconds / size) + ' ' + unit;
  };
  const duration = (seconds) => {
    const first = Math.min(units.findIndex(([, size]) => seconds >= size) >>> 0, 3);
    const parts = [];
    for (const [unit, size] of units.slice(first, first + 2)) {
      const count = Math.floor(seconds / size);
      seconds -= count * size;
      if (count > 0) parts.push(count + ' ' + unit);
    }
    return parts.join(' ') || '0 s';
  };
  const countdown = (ms) => {
    const seconds = Math.floor(Math.abs(ms) / 1000);
    const sign = ms < 0 && seconds > 0 ? '\\u2212' : '';
    if (seconds >= 172800) return sign + duration(seconds);
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor(seconds / 60) % 60;
    return sign + (hours > 0 ? hours + ':' + two(minutes) : minutes) + ':' + two(seconds % 60);
  };
  const texts = {
    until: (instant, now) => countdown(instant - now),
    since: (instant, now) => age(Math.max(Math.floor((now - instant) / 1000), 0)) + ' ago',
    at: (instant, now) => {
      const iso = new Date(instant).toISOString();
      const isToday = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
      return (isToday ? '' : iso.slice(5, 10) + ' ') + iso.slice(11, 19);
    },
  };
  const tick = () => {
    const now = Date.now() + ahead;
    for (const element of document.querySelectorAll('time')) {
      const text = texts[element.dataset.form](Date.parse(element.dateTime), now);
      if (element.textContent !== text) element.textContent = text;
    }
  };

  const keyOf = (node) => node.id || '';
  const morph = (from, to) => {
    if (from.nodeType === 3) {
      if (from.data !== to.data) from.data = to.data;
      return;
    }
    for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && name !== 'open') from.removeAttribute(name);
    }
    if (from.localName !== 'time') morphChildren(from, to);
  };
  const isIndentation = (node) => node.nodeType === 3 && /^\\n\\s*$/.test(node.data);
  const morphChildren = (from, to) => {
    const wanted = [...to.childNodes].filter((node) => !isIndentation(node));
    const keys = new Set(wanted.map(keyOf));
    // First, so that those that stay need not be moved, which would take the focus from what is in them.
    for (const node of [...from.childNodes]) if (isIndentation(node) || !keys.has(keyOf(node))) node.remove();
    let old = from.firstChild;
    for (const fresh of wanted) {
      const key = keyOf(fresh);
      const kept = key !== '' && byId(key);
      if (kept && kept !== old && kept.parentNode === from) {
        from.insertBefore(kept, old);
        morph(kept, fresh);
      } else if (old && old.nodeName === fresh.nodeName && keyOf(old) === key) {
        const next = old.nextSibling;
        morph(old, fresh);
        old = next;
      } else {
        from.insertBefore(fresh, old);
      }
    }
    while (old) {
      const next = old.nextSibling;
      old.remove();
      old = next;
    }
  };

  const live = byId('live');
  const say = (state, text) => {
    live.dataset.state = state;
    live.textContent = text;
  };
  const parser = new DOMParser();
  const put = ({ at, title, sections }) => {
    ahead = at - Date.now();
    for (const [id, markup] of Object.entries(sections)) {
      const fresh = parser.parseFromString(markup, 'text/html').body;
      morphChildren(byId(id), fresh);
    }
    if (title !== undefined && document.title !== title + ' \\u00B7 node termination') {
      document.title = title + ' \\u00B7 node termination';
      byId('news').textContent = title;
    }
    tick();
  };
  const listen = () => {
    const events = new EventSource(document.body.dataset.events);
    events.onopen = () => say('live', 'live');
    events.onmessage = (event) => put(JSON.parse(event.data));
    events.addEventListener('end', () => say('lost', 'the daemon has stopped'));
    events.onerror = () => {
      if (live.textContent !== 'the daemon has stopped') say('lost', 'connection lost, trying again');
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, 10000);
    };
  };
  tick();
  setInterval(tick, 1000);
  listen();
}
`;
