'use strict';

const MOST_ENTRIES = 500;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10000;

const element = (id) => document.getElementById(id);
const log = element('log');
const say = element('say');
const room = new URLSearchParams(location.search).get('room') || 'lobby';

let wanted = '';
let name = '';
let people = new Set();
let last = {};
let socket = null;
let failures = 0;
let retry = 0;

// The connection

function connect() {
  clearTimeout(retry);
  const url = new URL('chat', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = new URLSearchParams({ room, name: wanted });
  const current = new WebSocket(url);
  socket = current;
  current.onmessage = (event) => {
    if (socket === current) receive(JSON.parse(event.data));
  };
  current.onclose = () => {
    if (socket === current) disconnected();
  };
}

function disconnected() {
  socket = null;
  show('offline', 'reconnecting');
  // later each time, and not all at once when the server comes back
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures++);
  retry = setTimeout(connect, pause * (0.5 + Math.random()));
}

function reconnectNow() {
  if (wanted && !socket) connect();
}

function receive(message) {
  switch (message.type) {
    case 'welcome': return welcome(message);
    case 'line': return addLine(message);
    case 'joined': return joined(message);
    case 'left': return left(message);
  }
}

function welcome(message) {
  failures = 0;
  name = message.name;
  people = new Set(message.people);
  log.replaceChildren();
  last = {};
  message.history.forEach(addLine);
  element('room').textContent = message.room;
  document.title = `#${message.room} · Kobahn chat`;
  show('online', 'online');
  addNotice(`You are ${name}`);
  showPeople();
}

function joined(message) {
  people.add(message.name);
  showPeople();
  addNotice(`${message.name} joined`);
}

function left(message) {
  people.delete(message.name);
  showPeople();
  addNotice(`${message.name} left`);
}

// What is on the screen. Text is only ever set as text, never as HTML.

function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function show(state, text) {
  element('status').className = state;
  element('status').textContent = text;
  element('send').disabled = state !== 'online';
}

function hue(text) {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + character.codePointAt(0)) % 360;
  return hash;
}

function avatar(of) {
  const made = make('div', 'avatar', [...of][0].toUpperCase());
  made.style.setProperty('--hue', hue(of));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function addLine({ at, from, text }) {
  const entry = make('div', 'said');
  entry.classList.toggle('mine', from === name);
  entry.classList.toggle('more', last.from === from && at - last.at < 120000);
  last = { from, at };
  const who = make('div', 'who');
  who.style.setProperty('--hue', hue(from));
  const time = make('time', '', clock(at));
  time.dateTime = new Date(at).toISOString();
  who.append(make('span', '', from), time);
  entry.append(avatar(from), who, make('div', 'text', text));
  add(entry);
}

function addNotice(text) {
  last = {};
  add(make('div', 'notice', text));
}

function add(entry) {
  const atBottom = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(entry);
  if (log.childElementCount > MOST_ENTRIES) log.firstElementChild.remove();
  if (atBottom || entry.classList.contains('mine')) log.scrollTop = log.scrollHeight;
}

function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

function showPeople() {
  const sorted = [...people].sort((one, other) => one.localeCompare(other));
  element('people').replaceChildren(...sorted.map((person) => {
    const entry = make('li', '');
    entry.append(avatar(person), make('span', person === name ? 'you' : '', person));
    return entry;
  }));
  element('count').textContent = people.size;
}

function togglePeople(shown) {
  const now = document.body.classList.toggle('people-shown', shown);
  element('show-people').setAttribute('aria-expanded', String(now));
}

// The name: a tab keeps its own; the browser's last one is proposed to a new tab.

function remembered(store) {
  try {
    return window[store].getItem('name') || '';
  } catch {
    return '';
  }
}

function remember(chosen) {
  try {
    sessionStorage.setItem('name', chosen);
    localStorage.setItem('name', chosen);
  } catch {
    // private windows may have no storage; then the name lasts as long as the page
  }
}

function askName() {
  togglePeople(false);
  element('name').value = wanted || remembered('localStorage');
  element('join').showModal();
  element('name').select();
}

function enter(chosen) {
  wanted = chosen;
  if (socket) {
    const old = socket;
    socket = null;
    old.close();
  }
  show('offline', 'connecting');
  connect();
}

// What the user does

element('join-form').addEventListener('submit', (event) => {
  const chosen = element('name').value.trim();
  if (!chosen) return event.preventDefault();
  remember(chosen);
  enter(chosen);
  setTimeout(() => say.focus());
});

element('join').addEventListener('cancel', (event) => {
  if (!wanted) event.preventDefault();
});

element('say-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = say.value.trim();
  if (!text || !socket || socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ type: 'say', text }));
  say.value = '';
});

element('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const other = element('room-input').value.trim();
  if (other) location.search = new URLSearchParams({ room: other });
});

element('rename').addEventListener('click', askName);
element('show-people').addEventListener('click', () => togglePeople());
log.addEventListener('click', () => togglePeople(false));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') togglePeople(false);
});
window.addEventListener('online', reconnectNow);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) reconnectNow();
});

element('room').textContent = room;
element('join-room').textContent = `#${room}`;
if (remembered('sessionStorage')) {
  enter(remembered('sessionStorage'));
} else {
  askName();
}
