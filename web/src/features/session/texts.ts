/** The message while the server has not yet been told of a sign-out. */
export const signedOutText = {
  title: 'You are signed out on this device',
  body: 'The box office couldn’t be reached, so your session has not ended there yet. It ends as soon as this browser reaches the box office again.',
}
