// The example that `npm start` deploys: a function is what this file exports.

export default function hello(request) {
  const name = new URL(request.url, 'http://localhost').searchParams.get('name') ?? 'world';
  return `Hello, ${name}! This is revision ${process.env.K_REVISION ?? 'nowhere'}.\n`;
}
